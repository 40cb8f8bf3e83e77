"""How numbers are told to people."""


def counted(number: int, one: str, several: str = "") -> str:
    """`1 failure`, `2 failures`: a number and what it counts, `several` unless an s makes it."""
    return f"{number} {one if number == 1 else several or one + 's'}"
