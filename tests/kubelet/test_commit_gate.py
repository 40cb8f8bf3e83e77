from localjobs.clock import VirtualClock
from localjobs.kubelet.commit_gate import CommitGate
from localjobs.kubelet.runtime import Start
from tests.kubelet.fake_runtime import FakeRuntime


def runtime() -> FakeRuntime:
    made = FakeRuntime(VirtualClock())
    made.listen(lambda events: None)
    return made


def start(name: str) -> Start:
    return Start(name, ("x",), {}, "/", "/dev/null")


def test_it_opens_when_the_last_write_is_committed() -> None:
    gate, fake = CommitGate(5, 5), runtime()
    gate.wrote(7)
    gate.start(start("a"))
    assert not gate.open(fake)
    assert not gate.committed(6)
    assert not gate.open(fake)
    assert not gate.committed(7)
    assert gate.open(fake)
    assert [s.container_id for s in fake.starts] == ["a"]
    assert gate.open(fake)
    assert len(fake.starts) == 1


def test_a_pod_that_is_not_committed_itself_waits_for_that() -> None:
    gate, fake = CommitGate(5, 4), runtime()
    gate.start(start("a"))
    assert not gate.open(fake)
    assert not gate.committed(5)
    assert gate.open(fake)


def test_somebody_elses_write_is_news() -> None:
    gate = CommitGate(5, 5)
    gate.wrote(7)
    assert not gate.committed(7)
    assert gate.committed(8)


def test_it_waits_for_a_removal_to_be_reported() -> None:
    gate, fake = CommitGate(5, 5), runtime()
    fake.start(start("a"))
    fake.check()
    gate.forget("a")
    gate.wrote(None)
    assert not gate.committed(5)
    assert not gate.open(fake)
    gate.removed()
    assert gate.open(fake)
    assert fake.forgotten == ["a"]


def test_starts_can_be_dropped() -> None:
    gate, fake = CommitGate(5, 5), runtime()
    for name in ("a", "b", "c"):
        gate.start(start(name))
    assert gate.held == 3
    assert gate.drop_starts(kept=2) == {"c"}
    assert gate.drop_starts() == {"a", "b"}
    assert gate.open(fake)
    assert fake.starts == []
