"""What the status files say, how often, and at what cost."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.api.objects import Object
from localjobs.api.resources import PODS
from localjobs.manifests import pod_rows, status_file, status_writer
from localjobs.manifests.pod_rows import PodCensus
from localjobs.manifests.problems import Problem
from localjobs.manifests.status_file import JobEntry
from tests.manifests.harness import Served, job


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The texts that are written to status files."""
    texts: list[str] = []
    original = status_writer.write_atomically

    def write(path: Path, text: str) -> None:
        texts.append(text)
        original(path, text)

    monkeypatch.setattr(status_writer, "write_atomically", write)
    yield texts
    assert len(texts) == len(set(texts)), "the same content was written again"


# Pods


async def test_pods_are_told_with_how_they_ended(served: Served) -> None:
    await served.put("pi.yaml", job())
    served.add_pod(1)
    served.add_pod(0, "Failed", 3)
    await served.pass_time()
    (entry,) = served.status()["jobs"]
    assert entry["pods"] == [
        {
            "name": "pi-0",
            "index": 0,
            "phase": "Failed",
            "exitCode": 3,
            "reason": "Error",
            "startTime": "2001-09-09T01:46:41Z",
            "finishTime": "2001-09-09T01:46:42Z",
            "log": "the.log",
        },
        {
            "name": "pi-1",
            "index": 1,
            "phase": "Running",
            "startTime": "2001-09-09T01:46:41Z",
            "log": "the.log",
        },
    ]
    assert "podSummary" not in entry


async def test_of_many_pods_the_failed_ones_are_told_and_a_summary(served: Served) -> None:
    await served.put("pi.yaml", job())
    for index in range(150):
        served.add_pod(index)
    for index in range(120):
        served.add_pod(index, "Succeeded", 0)
    served.add_pod(140, "Failed", 1)
    served.store.remove(PODS, "default", "pi-149")
    await served.pass_time()
    for _ in range(2):
        (entry,) = served.status()["jobs"]
        assert entry["podSummary"] == {
            "total": 149,
            "Failed": 1,
            "Running": 28,
            "Succeeded": 120,
        }
        assert [pod["name"] for pod in entry["pods"]] == ["pi-140"]
        await served.restart()


async def test_a_pod_event_of_a_big_job_reads_no_other_pod(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    await served.put("pi.yaml", job())
    for index in range(150):
        served.add_pod(index, "Succeeded", 0)
    await served.pass_time()

    def refuse(uid: str) -> Object:
        raise AssertionError("the pods of a big Job were listed")

    monkeypatch.setattr(served.store, "owned", refuse)
    served.add_pod(7, "Failed", 1)
    await served.pass_time()
    assert served.status()["jobs"][0]["podSummary"]["Failed"] == 1


@pytest.mark.parametrize(
    ("status", "row"),
    [
        ({}, {"phase": "Pending"}),
        ({"phase": "Failed", "reason": "Evicted", "message": "m"}, {"reason": "Evicted"}),
        (
            {"containerStatuses": [{"state": {"waiting": {"reason": "ContainerCreating"}}}]},
            {"reason": "ContainerCreating"},
        ),
        (
            {
                "conditions": [
                    {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
                ]
            },
            {"reason": "Unschedulable"},
        ),
        (
            {
                "containerStatuses": [
                    {"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}},
                    {
                        "restartCount": 2,
                        "state": {"terminated": {"exitCode": 9, "reason": "Error"}},
                    },
                ]
            },
            {"exitCode": 9, "reason": "Error", "restarts": 2},
        ),
        (
            {
                "initContainerStatuses": [{"state": {"terminated": {"exitCode": 1}}}],
                "containerStatuses": [{"state": {"waiting": {"reason": "PodInitializing"}}}],
            },
            {"exitCode": 1, "reason": "PodInitializing"},
        ),
    ],
)
def test_rows(status: Object, row: Object) -> None:
    told = pod_rows.row({"metadata": {"name": "p"}, "status": status}, lambda pod: "")
    assert {key: told.get(key) for key in row} == row
    assert "log" not in told


PHASES = st.sampled_from([None, "Pending", "Running", "Succeeded", "Failed"])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), PHASES), max_size=30))
def test_the_census_is_what_counting_anew_would_say(events: list[tuple[int, str | None]]) -> None:
    census, pods = PodCensus(), dict[int, Object]()
    for number, phase in events:
        before = pods.pop(number, None)
        after = {"metadata": {"uid": f"{number}"}, "status": {"phase": phase}} if phase else None
        census.changed(before, after)
        if after is not None:
            pods[number] = after
    phases = [pod["status"]["phase"] for pod in pods.values()]
    assert census.total == len(pods)
    assert census.summary() == {"total": len(pods)} | {one: phases.count(one) for one in phases}
    failed = {uid for uid, pod in pods.items() if pod["status"]["phase"] == "Failed"}
    assert set(census.failed) == {str(uid) for uid in failed}


# How often


async def test_a_status_file_is_written_at_most_ten_times_a_second(
    served: Served, writes: list[str]
) -> None:
    await served.put("pi.yaml", job())
    writes.clear()
    for active in range(1, 101):
        served.set_status(active=active)
        await served.pass_time(0.01)
    assert 5 <= len(writes) <= 10
    await served.pass_time(1)
    assert served.status()["jobs"][0]["status"]["active"] == 100


async def test_the_end_of_a_job_is_written_at_once(served: Served, writes: list[str]) -> None:
    await served.put("pi.yaml", job())
    served.set_status(active=1)
    await served.pass_time(0.01)
    served.set_status(active=2)
    await served.pass_time(0.01)
    assert served.status()["jobs"][0]["status"]["active"] == 1
    served.finish()
    await served.pass_time(0.01)
    assert served.status()["jobs"][0]["status"]["succeeded"] == 1


async def test_what_says_nothing_new_is_not_written(served: Served, writes: list[str]) -> None:
    await served.put("pi.yaml", job())
    count = len(writes)
    found = served.get()
    assert found is not None
    served.set_status(active=1)
    served.set_status(**found["status"])
    await served.pass_time()
    (served.path / "pi.yaml").touch()
    await served.pass_time()
    await served.restart()
    assert len(writes) <= count + 1


# The text


TEXT = st.text(max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
HEADS = st.dictionaries(TEXT.filter(lambda key: key != "pods"), VALUES, min_size=1, max_size=3)


@settings(max_examples=100, deadline=None)
@given(TEXT, TEXT, st.lists(st.tuples(HEADS, st.lists(HEADS, max_size=2)), max_size=2))
def test_the_text_reads_back_as_what_it_says(
    manifest: str, message: str, jobs: list[tuple[Object, list[Object]]]
) -> None:
    entries = [JobEntry(head, tuple(map(status_file.row_text, rows))) for head, rows in jobs]
    text = status_file.render(manifest, "d", [Problem(message, 1, 2)], entries)
    assert yaml.safe_load(text) == {
        "manifest": manifest,
        "digest": "d",
        "errors": [{"message": message, "line": 1, "column": 2}],
        "jobs": [{**head, "pods": rows} if rows else head for head, rows in jobs],
    }
    text.encode()


def test_parts_that_are_shared_are_written_out() -> None:
    shared = {"a": 1}
    text = status_file.render("m", "", [], [JobEntry({"one": shared, "two": shared})])
    assert "&" not in text
    assert "*" not in text


# The file


def test_a_file_is_replaced_whole_or_not_at_all(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = directory / "x.status.yaml"
    status_writer.write_atomically(path, "old")

    def full(descriptor: int) -> None:
        raise OSError("no space")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        status_writer.write_atomically(path, "new")
    assert [one.name for one in directory.iterdir()] == ["x.status.yaml"]
    assert path.read_text() == "old"


def test_what_a_killed_writer_left_is_removed(directory: Path) -> None:
    (directory / ".localjobs-1234.tmp").touch()
    (directory / "mine.tmp").touch()
    status_writer.remove_leftovers(directory)
    assert [one.name for one in directory.iterdir()] == ["mine.tmp"]
