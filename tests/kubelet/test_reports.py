import pytest

from localjobs.api.objects import Object
from localjobs.kubelet.container_ids import ContainerId
from localjobs.kubelet.container_status import ContainerRecord, Running, Terminated, Waiting
from localjobs.kubelet.pod_template import PodTemplate
from localjobs.kubelet.reports import observe
from localjobs.kubelet.runtime import ContainerEvent, Exited, Started, StartFailed

SPEC: Object = {"containers": [{"name": "c"}], "restartPolicy": "OnFailure"}
CONTAINER = PodTemplate.of(SPEC).containers[0]
CREATING = ContainerRecord(Waiting("ContainerCreating"), requested=True)
ID = "u_c_0"
END = Terminated(0, "Completed", 5.0, 7.0, ID)


def test_a_start_then_an_end() -> None:
    started = observe(CONTAINER, CREATING, 0, Started(ID, 1, 5.0))
    assert started.record == ContainerRecord(Running(5.0, ID))
    assert started.event is not None
    assert (started.event.reason, started.event.field_path) == ("Started", "spec.containers{c}")
    ended = observe(CONTAINER, started.record, 0, Exited(ID, 7.0, exit_code=0))
    assert ended.record == ContainerRecord(END)
    assert ended.event is None


@pytest.mark.parametrize(
    ("report", "code", "reason"),
    [
        (Exited(ID, 7.0, exit_code=3), 3, "Error"),
        (Exited(ID, 7.0, signal=9), 137, "Error"),
        (Exited(ID, 7.0, signal=15), 143, "Error"),
        (Exited(ID, 7.0, signal=9, out_of_memory=True), 137, "OOMKilled"),
        (Exited(ID, 7.0, exit_code=0, out_of_memory=True), 0, "Completed"),
    ],
)
def test_how_it_ended(report: Exited, code: int, reason: str) -> None:
    state = observe(CONTAINER, ContainerRecord(Running(5.0, ID)), 0, report).record.state
    assert isinstance(state, Terminated)
    assert (state.exit_code, state.reason) == (code, reason)


def test_a_command_that_is_not_there() -> None:
    seen = observe(CONTAINER, CREATING, 0, StartFailed(ID, "no such file", 5.0))
    assert seen.record.state == Terminated(128, "StartError", 5.0, 5.0, ID, "no such file")
    assert seen.event is not None
    assert (seen.event.type, seen.event.message) == ("Warning", "Error: no such file")


def test_an_end_whose_start_was_never_seen() -> None:
    seen = observe(CONTAINER, CREATING, 0, Exited(ID, 7.0, exit_code=0))
    assert seen.record.state == Terminated(0, "Completed", 7.0, 7.0, ID)


@pytest.mark.parametrize("report", [Started(ID, 1, 5.0), Exited(ID, 7.0, exit_code=1)])
def test_news_of_an_end_on_record_is_stale(report: ContainerEvent) -> None:
    restarted = ContainerRecord(Running(9.0, "u_c_1"), END, 1)
    for record in (ContainerRecord(END), restarted):
        seen = observe(CONTAINER, record, 0, report)
        assert seen.is_stale
        assert seen.record == record


def test_a_start_told_twice_is_told_once() -> None:
    record = ContainerRecord(Running(5.0, ID))
    seen = observe(CONTAINER, record, 0, Started(ID, 1, 5.0))
    assert (seen.record, seen.event, seen.is_stale) == (record, None, False)


def test_a_restart_keeps_the_end_before_it() -> None:
    ended = ContainerRecord(END, requested=True)
    running = observe(CONTAINER, ended, 1, Started("u_c_1", 1, 9.0)).record
    assert (running.last, running.restart_count) == (END, 1)
    again = observe(CONTAINER, running, 1, Exited("u_c_1", 10.0, exit_code=1)).record
    assert (again.last, again.restart_count, again.next_attempt) == (END, 1, 2)


def test_ids_can_be_read_back() -> None:
    id_ = ContainerId("6f1e-22", "main-1", 12)
    assert ContainerId.parse(str(id_)) == id_
    assert ContainerId.parse("nonsense") is None
    assert ContainerId.parse("a_b_c") is None
