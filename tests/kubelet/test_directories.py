"""Where the kubelet keeps what."""

import os

from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.kubelet import directories

ROOT = "/state"


def _pod(owner: str, uid: str) -> dict[str, object]:
    reference = {"kind": "Job", "name": owner, "uid": uid, "controller": True}
    metadata = {"namespace": "default", "name": "p", "uid": "u", "ownerReferences": [reference]}
    return {"metadata": metadata}


def test_the_logs_of_a_job_are_together() -> None:
    path = directories.log_path(ROOT, _pod("pi", "1-2"), "c", 0)
    assert path == "/state/logs/default/pi_1-2/p_c_0.log"
    assert os.path.dirname(path) == directories.log_folder(
        ROOT, {"namespace": "default", "name": "pi", "uid": "1-2"}
    )


@settings(max_examples=100)
@given(
    st.sampled_from(["..", "../..", "a/../../../b", "/etc", "."]) | st.text(min_size=1),
    st.sampled_from(["..", "../../x", "/"]) | st.text(min_size=1),
)
def test_no_owner_leads_out_of_the_folder(owner: str, uid: str) -> None:
    path = directories.log_path(ROOT, _pod(owner, uid), "c", 0)
    assert os.path.dirname(os.path.dirname(os.path.normpath(path))) == "/state/logs/default"
