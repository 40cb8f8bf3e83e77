from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.kubelet.container_status import Running
from localjobs.kubelet.lifecycle import advance
from localjobs.kubelet.runtime import Lost
from localjobs.kubelet.termination import PodFacts
from tests.kubelet.simulation import START, Fate, Simulation, container, pod


def test_one_container_that_succeeds() -> None:
    run = Simulation(pod())
    assert run.phase == "Running"
    run.run()
    assert run.history == ["+0 start c/0", "+1 end c/0"]
    assert (run.phase, run.is_over) == ("Succeeded", True)


@pytest.mark.parametrize(
    ("policy", "fates", "phase", "starts"),
    [
        ("Never", [(3, 1.0)], "Failed", 1),
        ("OnFailure", [(3, 1.0), (0, 1.0)], "Succeeded", 2),
        ("OnFailure", [(0, 1.0)], "Succeeded", 1),
        ("Always", [(0, 1.0), (0, 1.0), None], "Running", 3),
    ],
)
def test_restart_policies(policy: str, fates: list[Fate], phase: str, starts: int) -> None:
    run = Simulation(pod(policy), {"c": fates}).run()
    assert run.phase == phase
    assert sum("start" in line for line in run.history) == starts


def test_a_container_that_keeps_failing_backs_off() -> None:
    run = Simulation(pod("OnFailure"), {"c": [(1, 1.0)]}).run(until=100)
    assert run.history == [
        "+0 start c/0",
        "+1 end c/0",
        "+1 start c/1",
        "+2 end c/1",
        "+2 BackOff",
        "+12 start c/2",
        "+13 end c/2",
        "+13 BackOff",
        "+33 start c/3",
        "+34 end c/3",
        "+34 BackOff",
        "+74 start c/4",
        "+75 end c/4",
        "+75 BackOff",
    ]
    assert run.state("c")["state"]["waiting"] == {
        "message": "back-off 1m20s restarting failed container=c pod=p_ns(u)",
        "reason": "CrashLoopBackOff",
    }
    assert run.state("c")["lastState"]["terminated"]["exitCode"] == 1
    assert run.state("c")["restartCount"] == 4
    assert run.phase == "Running"


def test_init_containers_run_one_after_the_other_before_the_rest() -> None:
    init, both = [container("i1"), container("i2")], [container("c"), container("d")]
    run = Simulation(pod(init=init, containers=both)).run()
    assert run.history == [
        "+0 start i1/0",
        "+1 end i1/0",
        "+1 start i2/0",
        "+2 end i2/0",
        "+2 start c/0",
        "+2 start d/0",
        "+3 end c/0",
        "+3 end d/0",
    ]
    assert run.phase == "Succeeded"


def test_an_init_container_that_fails_for_good_fails_the_pod() -> None:
    run = Simulation(pod(init=[container("i1"), container("i2")]), {"i1": [(5, 1.0)]}).run()
    assert run.history == ["+0 start i1/0", "+1 end i1/0"]
    assert run.phase == "Failed"
    assert run.state("i2")["state"] == {"waiting": {"reason": "PodInitializing"}}
    assert run.state("c")["state"] == {"waiting": {"reason": "PodInitializing"}}


def test_an_init_container_is_tried_again_where_the_policy_says_so() -> None:
    run = Simulation(pod("OnFailure", init=[container("i")]), {"i": [(5, 1.0), (0, 1.0)]}).run()
    assert run.history[:4] == ["+0 start i/0", "+1 end i/0", "+1 start i/1", "+2 end i/1"]
    assert run.phase == "Succeeded"


SIDECAR = container("s", restartPolicy="Always")


def test_a_sidecar_runs_beside_the_work_and_ends_after_it() -> None:
    run = Simulation(pod(init=[SIDECAR, container("i")]), {"s": [None]}).run()
    assert run.history == [
        "+0 start s/0",
        "+0 start i/0",
        "+1 end i/0",
        "+1 start c/0",
        "+2 end c/0",
        "+2 TERM s/0",
        "+2 end s/0",
    ]
    assert run.phase == "Succeeded"


def test_a_sidecar_that_ends_early_is_started_again() -> None:
    run = Simulation(pod(init=[SIDECAR]), {"s": [(0, 1.0), None], "c": [(0, 5.0)]}).run()
    assert "+1 start s/1" in run.history
    assert run.phase == "Succeeded"


def test_the_phase_waits_for_the_last_sidecar() -> None:
    run = Simulation(pod(init=[SIDECAR]), {"s": [None]}, frozenset({"s"})).run(until=3)
    assert run.phase == "Running"
    run.run()
    assert run.history[-2:] == ["+6 KILL s/0", "+6 end s/0"]
    assert run.phase == "Succeeded"


def test_sidecars_end_in_reverse_order() -> None:
    other = container("t", restartPolicy="Always")
    run = Simulation(pod(init=[SIDECAR, other]), {"s": [None], "t": [None]}).run()
    assert [line for line in run.history if "TERM" in line] == ["+1 TERM t/0", "+1 TERM s/0"]


def test_deletion_sends_term_then_kills_after_the_grace() -> None:
    run = Simulation(pod(), {"c": [None]}, frozenset({"c"})).run(until=10).delete(grace=7).run()
    assert run.history == ["+0 start c/0", "+10 TERM c/0", "+17 KILL c/0", "+17 end c/0"]
    assert run.phase == "Failed"
    assert run.state("c")["state"]["terminated"]["exitCode"] == 137


def test_the_grace_is_never_under_two_seconds() -> None:
    run = Simulation(pod(), {"c": [None]}, frozenset({"c"})).delete(grace=0).run()
    assert run.history[1:] == ["+0 TERM c/0", "+2 KILL c/0", "+2 end c/0"]


def test_a_second_deletion_can_shorten_the_grace() -> None:
    run = Simulation(pod(), {"c": [None]}, frozenset({"c"})).delete(grace=600).run(until=4)
    run.delete(grace=3).run()
    assert "+4 KILL c/0" in run.history


def test_nothing_is_restarted_while_deleting() -> None:
    run = Simulation(pod("Always"), {"c": [(1, 1.0)]}).run(until=5).delete(grace=5).run()
    assert run.phase == "Failed"
    assert run.state("c")["state"]["terminated"]["exitCode"] == 1
    assert run.is_over


def test_a_pod_deleted_before_its_work_began_fails() -> None:
    run = Simulation(pod(init=[container("i")]), {"i": [None]}).delete(grace=5).run()
    assert run.phase == "Failed"
    assert run.state("i")["state"]["terminated"]["exitCode"] == 143
    assert run.state("c")["state"] == {"waiting": {"reason": "PodInitializing"}}


def test_the_deadline_fails_the_pod() -> None:
    run = Simulation(pod(activeDeadlineSeconds=2), {"c": [None]}).run()
    assert run.history == ["+0 start c/0", "+2 DeadlineExceeded", "+2 TERM c/0", "+2 end c/0"]
    assert (run.phase, run.status["reason"]) == ("Failed", "DeadlineExceeded")
    assert run.status["message"] == (
        "Pod was active on the node longer than the specified deadline"
    )


def test_a_pod_whose_owner_died_fails_as_a_lost_nodes() -> None:
    run = Simulation(pod("OnFailure"), {"c": [None]})
    run.report(Lost("u_c_0", START + 3))
    run.ends.clear()
    run.delete(grace=5)
    assert (run.phase, run.is_over) == ("Failed", True)
    assert run.conditions[0] == (
        "DisruptionTarget",
        "True",
        "DeletionByPodGC",
        "PodGC: node no longer exists",
    )
    assert run.state("c")["state"]["terminated"]["reason"] == "ContainerStatusUnknown"


FATES = st.lists(st.one_of(st.none(), st.tuples(st.integers(0, 2), st.floats(0, 30))), min_size=1)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["Never", "OnFailure", "Always"]),
    st.fixed_dictionaries(dict.fromkeys(("i", "s", "c", "d"), FATES)),
    st.sets(st.sampled_from(["i", "s", "c", "d"])),
    st.floats(0, 200),
)
def test_whatever_happens_a_deleted_pod_ends_and_stays_so(
    policy: str, fates: dict[str, Any], deaf: set[str], when: float
) -> None:
    made = pod(policy, init=[container("i"), SIDECAR], containers=[container("c"), container("d")])
    run = Simulation(made, fates, frozenset(deaf)).run(until=when).delete(grace=5).run()
    assert run.is_over
    assert run.phase in ("Succeeded", "Failed")
    assert not any(isinstance(r.state, Running) for r in run.record.containers)
    starts = [line.split()[-1] for line in run.history if "start" in line]
    assert len(starts) == len(set(starts)), "an attempt was started twice"
    again = advance(run.template, PodFacts.of(run.pod), run.record, run.now + 1)
    assert again.instructions == ()
    assert again.record == run.record
