import pytest

from localjobs.apiserver.tables.durations import human_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"), (-1.5, "0s"), (-0.2, "0s"), (0, "0s"), (119, "119s"), (120, "2m"),
        (125, "2m5s"), (599, "9m59s"), (600, "10m"), (10799, "179m"), (10800, "3h"),
        (11000, "3h3m"), (28800, "8h"), (172799, "47h"), (172800, "2d"), (180000, "2d2h"),
        (691200, "8d"), (63071999, "729d"), (63072000, "2y"), (63158400, "2y1d"),
        (252288000, "8y"),
    ],
)  # fmt: skip
def test_a_duration_has_at_most_two_units(seconds: float, text: str) -> None:
    assert human_duration(seconds) == text
