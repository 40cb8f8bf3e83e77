"""What differs at every run, taken out of what kubectl printed."""

import re
from collections.abc import Sequence

_SUFFIX = r"[bcdfghjklmnpqrstvwxz2456789]{5}"
_AGE = r"(?:\d+y)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?"

# In this order: what an earlier one has replaced, a later one does not see.
_MASKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"https://127\.0\.0\.1:\d+"), "<server>"),
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<uid>"),
    (re.compile(r"(Container ID:\s+)\S+"), r"\1<id>"),
    (re.compile(r"(Image ID:)[^\n]*"), r"\1 <id>"),
    (re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"), "<date>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "<time>"),
    (re.compile(r"\b\d{1,3}(\.\d{1,3}){3}\b"), "<ip>"),
    (re.compile(rf"(?<![\w.:/-])(?=\d){_AGE}(?<=[ydhms])(?![\w.:/-])"), "<t>"),
    (re.compile(rf"(?<=\w-){_SUFFIX}\b"), "#####"),
    # Of several errors in a row the last one's words are kept, as they were recorded.
    (re.compile(r"(Invalid value: ).*?(: field is immutable)", re.DOTALL), r"\1<value>\2"),
    (re.compile(r" {2,}"), "  "),
    (re.compile(r" +$", re.MULTILINE), ""),
)


def mask(text: str, *, node: str, namespace: str) -> str:
    """The text with everything replaced that the next run prints differently."""
    text = text.replace(namespace, "<ns>").replace(node, "<node>")
    for pattern, replacement in _MASKS:
        text = pattern.sub(replacement, text)
    return text.strip("\n")


def reduce(args: Sequence[str], text: str) -> str:
    """Of an explanation the fields, of a difference the changed lines; else the whole text.

    kubectl reads the logs of several pods in no order of its own.
    """
    if args[0] == "logs":
        return "\n".join(sorted(text.splitlines()))
    if args[0] == "explain":
        return "\n".join(line for line in text.splitlines() if _is_field(line))
    if args[0] == "diff":
        return "\n".join(line for line in text.splitlines() if _is_change(line))
    return text


def _is_field(line: str) -> bool:
    return bool(re.match(r"(GROUP|KIND|VERSION|FIELD):|  \w+\t<", line))


def _is_change(line: str) -> bool:
    return line[:1] in ("+", "-") and line[:3] not in ("+++", "---")
