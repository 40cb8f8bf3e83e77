from localjobs.cli import why_text
from localjobs.controller.explanation import Explanation
from localjobs.controller.pod_accounts import PodAccount
from localjobs.controller.retries import Retry

NOW = 1_000_000_000.0
JOB = {"metadata": {"name": "j", "namespace": "default"}}


def account(number: int, *, failed: bool = False, stuck: bool = False) -> PodAccount:
    meaning = "counted: without a podFailurePolicy every failure counts" if failed else ""
    phase = "Failed" if failed else "Pending" if stuck else "Succeeded"
    return PodAccount(f"j-{number}", number, phase, "ending", meaning, is_stuck=stuck)


def test_of_many_pods_those_are_told_that_did_not_succeed() -> None:
    pods = tuple(account(n, failed=n % 10 == 3, stuck=n == 77) for n in range(300))
    lines = why_text.lines(JOB, Explanation("s", pods, "f"), [], NOW)
    assert lines[2] == "pods: 30 Failed, 1 Pending, 269 Succeeded"
    told = [int(line.split()[0].removeprefix("j-").rstrip(":")) for line in lines[3:-1]]
    assert told == sorted([77, *range(113, 300, 10)])
    assert lines[-1] == "  and 280 more (-o json has all)"


def test_each_index_has_its_retry() -> None:
    retries = tuple(Retry(NOW + 10 + index, "why", index) for index in range(7))
    explained = Explanation("s", (), "f", NOW + 10, "why", (), retries)
    lines = why_text.lines(JOB, explained, [], NOW)
    assert lines[2] == "next retry: at 2001-09-09T01:46:50Z, in 10s: why"
    assert lines[3] == "  index 0: at 2001-09-09T01:46:50Z, in 10s: why"
    assert lines[8:] == ["  and 2 more indexes", "pods: none"]


def test_events_are_told_with_their_age_and_number() -> None:
    event = {
        "lastTimestamp": "2001-09-09T01:46:30Z",
        "type": "Warning",
        "reason": "BackOff",
        "message": "again ",
        "count": 4,
        "involvedObject": {"kind": "Pod", "name": "p"},
    }
    lines = why_text.lines(JOB, Explanation("s", (), "f"), [event], NOW)
    assert lines[-1] == "  10s ago (x4)   Warning   BackOff   pod/p   again"
