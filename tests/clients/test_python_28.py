"""An old release of the official Python client passes the tests of the newest one.

The two cannot be loaded by one interpreter, so this is an interpreter of its own.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

OLD_CLIENT = Path(sys.prefix) / "kubernetes-28"
SECONDS = 300
# This release reads the headers of errors in a way that the urllib3 it needs warns of.
ITS_OWN_WARNING = "ignore:HTTPResponse.getheaders:DeprecationWarning"


@pytest.mark.skipif(not OLD_CLIENT.is_dir(), reason="`make test` installs the old client")
def test_release_28_passes_the_tests_of_the_newest() -> None:
    tests = Path(__file__).with_name("test_python.py")
    without = ("-p", "no:cacheprovider", "-p", "no:xdist")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *without, "-W", ITS_OWN_WARNING, tests],
        env={**os.environ, "PYTHONPATH": str(OLD_CLIENT), "EXPECTED_KUBERNETES_CLIENT": "28."},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
