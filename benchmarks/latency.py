"""How long a small Job takes, from the request, or the file, to the word that it is complete."""

from __future__ import annotations

import http.client
import json
import re
import ssl
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

from benchmarks.served import Served, indexed_job, serving
from benchmarks.table import Result, show

COUNT = 40
FILES = 10
JOBS = "/apis/batch/v1/namespaces/default/jobs"


class Api:
    """Two connections to a daemon's API: one asks, one watches."""

    def __init__(self, served: Served) -> None:
        config = (served.directory / ".localjobs" / "kubeconfig").read_text()
        found = re.search(r"https://([^:]+):(\d+)", config)
        assert found is not None, "the kubeconfig names the server"
        token = re.search(r"token: (\S+)", config)
        assert token is not None, "the kubeconfig holds the token"
        self._headers = {"Authorization": f"Bearer {token[1]}"}
        authority = _authority(served.directory / ".localjobs", config)
        context = ssl.create_default_context(cadata=authority)
        self._asks, self._watches = (
            http.client.HTTPSConnection(found[1], int(found[2]), context=context) for _ in range(2)
        )
        self._watches.request("GET", f"{JOBS}?watch=1", headers=self._headers)
        self._events = self._watches.getresponse()

    def run(self, job: Any) -> float:
        """The seconds from the POST to the watch event of the Job's completion."""
        body = json.dumps(job)
        headers = {**self._headers, "Content-Type": "application/json"}
        began = time.perf_counter()
        self._asks.request("POST", JOBS, body, headers)
        answer = self._asks.getresponse()
        text = answer.read()
        assert answer.status == 201, text
        while line := self._events.readline():
            if b'"completionTime"' in line:
                return time.perf_counter() - began
        raise ConnectionError("the watch ended")


def _authority(state: Path, config: str) -> str:
    import base64

    inline = re.search(r"certificate-authority-data: (\S+)", config)
    if inline is not None:
        return base64.b64decode(inline[1]).decode()
    named = re.search(r"certificate-authority: (\S+)", config)
    assert named is not None, "the kubeconfig holds the authority"
    return (state / named[1]).read_text()


def main() -> None:
    """Measure, and print."""
    with serving() as served:
        api = Api(served)
        bare = [_bare() for _ in range(COUNT)]
        over_api = [api.run(indexed_job(f"api-{n}", 1, 1)) for n in range(COUNT)]
        from_files = [
            _from_file(served, f"file-{n}", indexed_job(f"file-{n}", 3, 3)) for n in range(FILES)
        ]
    show(
        [
            Result("a process alone", statistics.median(bare) * 1e3, "ms"),
            Result("over the API, 1 pod", statistics.median(over_api) * 1e3, "ms", most=15),
            Result("the slowest of them", max(over_api) * 1e3, "ms", note=f"of {COUNT}"),
            Result("from the file, 3 pods", statistics.median(from_files) * 1e3, "ms", most=30),
            Result("the slowest of them", max(from_files) * 1e3, "ms", note=f"of {FILES}"),
        ]
    )


def _from_file(served: Served, name: str, job: Any) -> float:
    began = served.drop(name, job)
    return served.finished(name, pause=0.0005) - began


def _bare() -> float:
    began = time.perf_counter()
    subprocess.run(["/bin/true"], check=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
