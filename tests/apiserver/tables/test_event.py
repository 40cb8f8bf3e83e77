import pytest

from localjobs.api.objects import Object
from localjobs.apiserver.tables import event

NOW = 1_700_000_000.0  # 2023-11-14T22:13:20Z


def an_event(**changes: object) -> Object:
    return {
        "metadata": {"name": "e.1", "creationTimestamp": "2023-11-14T22:00:00Z"},
        "involvedObject": {"kind": "Job", "name": "j"},
        "type": "Normal",
        "reason": "SuccessfulCreate",
        "message": "Created pod: j-x\n",
        "source": {"component": "job-controller"},
        "firstTimestamp": "2023-11-14T22:12:20Z",
        "lastTimestamp": "2023-11-14T22:13:10Z",
        "count": 3,
        **changes,
    }


def cells(**changes: object) -> dict[str, object]:
    row = event.row(an_event(**changes), NOW)
    return dict(zip((column.name for column in event.COLUMNS), row.cells, strict=True))


def test_an_event_says_what_happened_to_what_and_when() -> None:
    assert cells() == {
        "Last Seen": "10s",
        "Type": "Normal",
        "Reason": "SuccessfulCreate",
        "Object": "job/j",
        "Subobject": "",
        "Source": "job-controller",
        "Message": "Created pod: j-x",
        "First Seen": "60s",
        "Count": 3,
        "Name": "e.1",
    }


def test_an_event_in_the_newer_form() -> None:
    newer: Object = {"firstTimestamp": None, "lastTimestamp": None, "count": 0, "source": {}}
    reported = {"reportingComponent": "c", "reportingInstance": "i"}
    found = cells(**newer, **reported, eventTime="2023-11-14T22:12:50.500000Z")
    seen = {key: found[key] for key in ("Last Seen", "First Seen", "Count", "Source")}
    assert seen == {"Last Seen": "29s", "First Seen": "29s", "Count": 1, "Source": "c, i"}


def test_a_series_counts_for_itself() -> None:
    series = {"count": 7, "lastObservedTime": "2023-11-14T22:13:15.000000Z"}
    assert (cells(series=series)["Last Seen"], cells(series=series)["Count"]) == ("5s", 7)


def test_an_event_without_times_says_so() -> None:
    found = cells(firstTimestamp=None, lastTimestamp=None)
    assert (found["First Seen"], found["Last Seen"]) == ("<unknown>", "<unknown>")


@pytest.mark.parametrize(
    ("involved", "text"),
    [({"kind": "Pod", "name": "p"}, "pod/p"), ({"kind": "Node"}, "node"), ({}, "")],
)
def test_the_object_is_its_kind_and_name(involved: Object, text: str) -> None:
    assert cells(involvedObject=involved)["Object"] == text
