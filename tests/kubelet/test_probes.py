from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.kubelet import probes
from localjobs.kubelet.probes import Probe, ProbeKind, Progress, probes_of

START = 1000.0
HANDLER = {"exec": {"command": ["check"]}}


def made(**kinds: dict[str, Any]) -> tuple[Probe, ...]:
    return probes_of({f"{kind}Probe": {**HANDLER, **more} for kind, more in kinds.items()})


class Watched:
    """The probes of one container over time; `answers` says what each answers."""

    def __init__(self, *container: Probe, **answers: bool | None) -> None:
        self.probes, self.answers = container, answers
        self.progress = probes.begun(container, START)
        self.asked: list[tuple[float, str]] = []

    def run(self, seconds: float, *, is_stopping: bool = False) -> None:
        now, end = START, START + seconds
        while now <= end:
            found = probes.look(self.probes, self.progress, START, now, is_stopping=is_stopping)
            self.progress = found.progress
            for place in found.due:
                self._answer(place, now)
            if not found.due:
                if found.wake_at is None:
                    return
                now = found.wake_at

    def _answer(self, place: int, now: float) -> None:
        kind = self.probes[place].kind.value.lower()
        self.asked.append((now - START, kind))
        self.progress = probes.answered(
            self.probes, self.progress, place, self.answers.get(kind, True), (START, now)
        )

    @property
    def is_ready(self) -> bool:
        return probes.is_ready(self.probes, self.progress)

    @property
    def is_started(self) -> bool:
        return probes.is_started(self.probes, self.progress)


def test_readiness_is_asked_at_once_liveness_after_a_period() -> None:
    watched = Watched(*made(liveness={"periodSeconds": 2}, readiness={"periodSeconds": 3}))
    watched.run(6)
    assert watched.asked == [
        (0, "readiness"),
        (2, "liveness"),
        (3, "readiness"),
        (4, "liveness"),
        (6, "liveness"),
        (6, "readiness"),
    ]


def test_no_probe_is_made_before_its_initial_delay_is_over() -> None:
    late = {"periodSeconds": 2, "initialDelaySeconds": 3}
    watched = Watched(*made(liveness=late, readiness=late))
    watched.run(6)
    assert watched.asked == [(at, kind) for at in (4, 6) for kind in ("liveness", "readiness")]


def test_the_startup_probe_holds_the_others_back_and_is_made_no_more() -> None:
    watched = Watched(
        *made(startup={"periodSeconds": 5}, liveness={"periodSeconds": 2}, readiness={}),
    )
    watched.run(4)
    assert watched.asked == []
    watched.run(8)
    assert watched.asked == [(5, "startup"), (5, "readiness"), (6, "liveness"), (8, "liveness")]
    assert watched.is_started
    assert watched.is_ready


def test_a_startup_probe_that_fails_leaves_the_rest_to_the_next_run() -> None:
    watched = Watched(*made(startup={"periodSeconds": 1, "failureThreshold": 3}), startup=False)
    watched.run(9)
    assert [at for at, _ in watched.asked] == [1, 2, 3]
    found = probes.failed(watched.probes, watched.progress)
    assert found is not None
    assert found.kind is ProbeKind.STARTUP


def test_liveness_rests_once_it_has_failed() -> None:
    watched = Watched(*made(liveness={"periodSeconds": 1, "failureThreshold": 2}), liveness=False)
    watched.run(1)
    assert probes.failed(watched.probes, watched.progress) is None
    watched.run(9)
    assert len(watched.asked) == 2
    assert probes.failed(watched.probes, watched.progress) is not None


def test_no_answer_counts_as_none() -> None:
    watched = Watched(*made(liveness={"periodSeconds": 1, "failureThreshold": 1}), liveness=None)
    watched.run(5)
    assert len(watched.asked) == 5
    assert probes.failed(watched.probes, watched.progress) is None


def test_readiness_changes_with_as_many_answers_as_it_takes() -> None:
    watched = Watched(
        *made(readiness={"periodSeconds": 1, "successThreshold": 2, "failureThreshold": 2})
    )
    seen = []
    for answer in (True, True, False, True, False, False):
        watched.progress = probes.answered(watched.probes, watched.progress, 0, answer, (0, 0))
        seen.append(watched.is_ready)
    assert seen == [False, True, True, True, True, False]


def test_only_readiness_is_asked_while_the_container_is_stopped() -> None:
    watched = Watched(*made(liveness={"periodSeconds": 1}, readiness={"periodSeconds": 1}))
    watched.run(3, is_stopping=True)
    assert {kind for _, kind in watched.asked} == {"readiness"}


def test_a_probe_that_is_not_answered_yet_is_not_made_again() -> None:
    (probe,) = made(liveness={"periodSeconds": 1})
    progress = (Progress(True, START, is_under_way=True),)
    found = probes.look((probe,), progress, START, START + 9, is_stopping=False)
    assert (found.due, found.wake_at) == ((), None)
    (after,) = probes.answered((probe,), progress, 0, True, (START, START + 9))
    found = probes.look((probe,), (after,), START, START + 9, is_stopping=False)
    assert found.due == (0,)
    assert found.progress[0].due_at == START + 10


def test_what_a_status_says_of_a_run_holds_until_there_is_news() -> None:
    container = made(startup={}, readiness={})
    progress = probes.begun(container, START, was_started=True, was_ready=True)
    assert probes.is_ready(container, progress)
    found = probes.look(container, progress, START, START + 5, is_stopping=False)
    assert found.due == (1,)


@settings(max_examples=60, deadline=None)
@given(
    period=st.integers(1, 7),
    delay=st.integers(0, 20),
    answers=st.lists(st.sampled_from([True, False, None]), max_size=12),
)
def test_something_is_always_to_come_until_a_probe_rests(
    period: int, delay: int, answers: list[bool | None]
) -> None:
    (probe,) = made(liveness={"periodSeconds": period, "initialDelaySeconds": delay})
    progress, now = probes.begun((probe,), START), START
    for answer in answers:
        found = probes.look((probe,), progress, START, now, is_stopping=False)
        if found.progress[0].is_at_rest:
            assert probes.failed((probe,), progress) is not None
            return
        assert found.wake_at is not None
        assert found.wake_at - START >= max(delay, period)
        assert (found.wake_at - START) % period == 0
        now = found.wake_at
        found = probes.look((probe,), found.progress, START, now, is_stopping=False)
        assert found.due == (0,)
        progress = probes.answered((probe,), found.progress, 0, answer, (START, now))
