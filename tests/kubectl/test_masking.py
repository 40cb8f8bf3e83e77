import pytest

from tests.kubectl.masking import mask, reduce


@pytest.mark.parametrize(
    ("printed", "masked"),
    [
        ("a   b \n", "a  b"),
        ("job-x7bzq Running 0 3m4s", "job-##### Running 0 <t>"),
        ("Age: 12s (x3 over 5m)", "Age: <t> (x3 over <t>)"),
        ("a:NoExecute op=Exists for 300s", "a:NoExecute op=Exists for <t>"),
        ("Start: Mon, 23 Nov 2026 19:52:53 +0000", "Start: <date>"),
        ("at 2026-11-23T19:52:53Z", "at <time>"),
        ("IP: 127.0.0.1", "IP: <ip>"),
        ("on this-node in my-namespace", "on <node> in <ns>"),
        ("x: Invalid value: 3: no\n* y: Invalid value: 4: field is immutable",
         "x: Invalid value: <value>: field is immutable"),
        ("busybox:1 sleep 600", "busybox:1 sleep 600"),
        ("team: a1s", "team: a1s"),
    ],
)  # fmt: skip
def test_only_what_differs_at_every_run_is_masked(printed: str, masked: str) -> None:
    assert mask(printed, node="this-node", namespace="my-namespace") == masked


def test_differences_are_reduced_to_changed_lines() -> None:
    text = "diff -u a b\n--- a\n+++ b\n@@ -1 +1 @@\n same\n-  team: a\n+  team: b"
    assert reduce(["diff", "-f", "-"], text) == "-  team: a\n+  team: b"


def test_explanations_are_reduced_to_fields() -> None:
    text = (
        "GROUP:      batch\nDESCRIPTION:\n    It runs.\n\nFIELDS:\n  spec\t<JobSpec>\n    What.\n"
    )
    assert reduce(["explain", "job"], text) == "GROUP:      batch\n  spec\t<JobSpec>"
