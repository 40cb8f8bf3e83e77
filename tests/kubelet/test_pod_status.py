from msgspec.structs import replace

from localjobs.kubelet.conditions import Condition, with_condition
from localjobs.kubelet.container_status import (
    CRASH_LOOP_BACK_OFF,
    ContainerRecord,
    Running,
    Terminated,
    Waiting,
    parse,
    render,
)
from localjobs.kubelet.crash_loop import CrashLoop
from localjobs.kubelet.lifecycle import PodRecord
from localjobs.kubelet.pod_status import (
    Outlook,
    pod_status,
    records_of,
    rejected_status,
    unscheduled_status,
)
from localjobs.kubelet.pod_template import PodTemplate
from tests.kubelet.simulation import START, Simulation, container, pod

OUTLOOK = Outlook(START, "127.0.0.1")
NOT_READY = ("ContainersNotReady", "containers with unready status: [c]")


def test_a_pod_that_waits() -> None:
    made = pod()
    template = PodTemplate.of(made["spec"])
    status = pod_status(template, made, PodRecord(records_of(template, made)), OUTLOOK)
    assert status["phase"] == "Pending"
    assert status["startTime"] == "2001-09-09T01:46:40Z"
    assert status["podIP"] == status["hostIP"] == "127.0.0.1"
    assert status["containerStatuses"] == [
        {
            "name": "c",
            "state": {"waiting": {"reason": "ContainerCreating"}},
            "lastState": {},
            "ready": False,
            "restartCount": 0,
            "image": "busybox",
            "imageID": "",
            "started": False,
        }
    ]


def test_conditions_of_a_pod_through_its_life() -> None:
    run = Simulation(pod(init=[container("i")]), {"c": [(0, 5.0)]})
    init_waits = "containers with incomplete status: [i]"
    assert run.conditions == [
        ("PodReadyToStartContainers", "True", None, None),
        ("Initialized", "False", "ContainersNotInitialized", init_waits),
        ("Ready", "False", *NOT_READY),
        ("ContainersReady", "False", *NOT_READY),
        ("PodScheduled", "True", None, None),
    ]
    run.run(until=3)
    assert [c[:2] for c in run.conditions] == [
        ("PodReadyToStartContainers", "True"),
        ("Initialized", "True"),
        ("Ready", "True"),
        ("ContainersReady", "True"),
        ("PodScheduled", "True"),
    ]
    run.run()
    assert run.conditions == [
        ("PodReadyToStartContainers", "False", None, None),
        ("Initialized", "True", "PodCompleted", None),
        ("Ready", "False", "PodCompleted", None),
        ("ContainersReady", "False", "PodCompleted", None),
        ("PodScheduled", "True", None, None),
    ]
    times = {c["type"]: c["lastTransitionTime"] for c in run.status["conditions"]}
    assert times["Initialized"] == "2001-09-09T01:46:41Z"
    assert times["Ready"] == "2001-09-09T01:46:46Z"
    assert times["PodScheduled"] == "2001-09-09T01:46:40Z"


def test_readiness_gates_hold_a_pod_back() -> None:
    made = pod(readinessGates=[{"conditionType": "a.b/c"}, {"conditionType": "d"}])
    made["status"] = {"conditions": [{"type": "d", "status": "False"}]}
    run = Simulation(made, {"c": [None]})
    missing = 'corresponding condition of pod readiness gate "a.b/c" does not exist.'
    unmet = 'the status of pod readiness gate "d" is not "True", but False'
    assert run.conditions[0] == ("d", "False", None, None)
    assert run.conditions[3] == (
        "Ready",
        "False",
        "ReadinessGatesNotReady",
        f"{missing}, {unmet}",
    )


def test_two_main_containers_fail_together_with_the_slower_one() -> None:
    both = [container("c"), container("d")]
    run = Simulation(pod(containers=both), {"c": [(4, 1.0)], "d": [(0, 5.0)]}).run(until=3)
    assert run.phase == "Running"
    assert run.state("c")["state"]["terminated"]["reason"] == "Error"
    assert run.run().phase == "Failed"
    assert run.conditions[2] == ("Ready", "False", "PodFailed", None)


def test_a_status_can_be_read_back() -> None:
    template = PodTemplate.of(pod("OnFailure")["spec"]).containers[0]
    end = Terminated(3, "Error", START, START + 1, "u_c_0", "why")
    records = [
        ContainerRecord(Waiting("ContainerCreating")),
        ContainerRecord(Waiting("CreateContainerConfigError", "no map")),
        ContainerRecord(Running(START, "u_c_0")),
        ContainerRecord(end),
        ContainerRecord(Running(START + 9, "u_c_2"), end, 2, crash_loop=CrashLoop(20.0, START + 1)),
        ContainerRecord(
            Waiting(CRASH_LOOP_BACK_OFF, "back-off"),
            replace(end, container_id="u_c_1"),
            1,
            not_before=START + 11,
            crash_loop=CrashLoop(10.0, START + 1),
        ),
    ]
    assert [parse(template, render(template, record)) for record in records] == records


def test_a_pod_that_fits_nowhere_says_so_and_keeps_what_it_has() -> None:
    made = {**pod(), "status": {"phase": "Pending", "qosClass": "BestEffort"}}
    assert unscheduled_status(made, "Unschedulable", "0/1 ...", START) == {
        "phase": "Pending",
        "qosClass": "BestEffort",
        "conditions": [
            {
                "type": "PodScheduled",
                "observedGeneration": 1,
                "status": "False",
                "lastProbeTime": None,
                "lastTransitionTime": "2001-09-09T01:46:40Z",
                "reason": "Unschedulable",
                "message": "0/1 ...",
            }
        ],
    }


def test_a_condition_takes_the_place_of_the_one_of_its_type() -> None:
    first = with_condition([{"type": "x"}], Condition("A", False, "R"), START, None)
    second = with_condition(first, Condition("A", False, "S"), START + 60, None)
    third = with_condition(second, Condition("A", True), START + 60, None)
    assert [c["type"] for c in third] == ["x", "A"]
    assert second[1]["reason"] == "S"
    assert second[1]["lastTransitionTime"] == first[1]["lastTransitionTime"]
    assert third[1]["lastTransitionTime"] > second[1]["lastTransitionTime"]


def test_a_pod_that_the_node_cannot_run_is_refused() -> None:
    status = rejected_status(pod(), "Unsupported", "no probes here", OUTLOOK)
    assert (status["phase"], status["reason"]) == ("Failed", "Unsupported")
    assert status["message"] == "Pod was rejected: no probes here"
