"""The kubectls of this machine, and how to run one."""

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TIMEOUT = 60


@dataclass(frozen=True)
class Result:
    """What one command came to."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Kubectl:
    """One kubectl, against one kubeconfig and namespace, with a home of its own."""

    binary: str
    kubeconfig: str
    home: Path
    namespace: str = "default"

    def run(
        self, *args: str, stdin: str = "", environment: Mapping[str, str] | None = None
    ) -> Result:
        """Run it, whatever comes of it."""
        done = subprocess.run(
            self.command(*args),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            env={**self.environment(), **(environment or {})},
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def __call__(
        self, *args: str, stdin: str = "", environment: Mapping[str, str] | None = None
    ) -> str:
        """Run it, and have it succeed: what it printed, without the last line's end."""
        result = self.run(*args, stdin=stdin, environment=environment)
        assert result.code == 0, (args, result)
        return result.out.rstrip("\n")

    def refused(self, *args: str, stdin: str = "") -> str:
        """Run it, and have it fail: what it complained of."""
        result = self.run(*args, stdin=stdin)
        assert result.code != 0, (args, result)
        return result.err.rstrip("\n")

    @contextmanager
    def following(self, *args: str) -> Iterator[Iterator[str]]:
        """Run it while the block runs: the lines that it prints, as it prints them.

        It is ended when time is up, and its lines with it.
        """
        process = subprocess.Popen(
            self.command(*args), stdout=subprocess.PIPE, text=True, env=self.environment()
        )
        assert process.stdout is not None
        end = threading.Timer(TIMEOUT, process.kill)
        end.start()
        try:
            yield iter(process.stdout)
        finally:
            end.cancel()
            process.kill()
            process.wait()
            process.stdout.close()

    def command(self, *args: str) -> list[str]:
        """The words of a call."""
        return [self.binary, "--namespace", self.namespace, *args]

    def environment(self) -> dict[str, str]:
        """Nothing of the user's own configuration, and no cache of another server."""
        kept = {key: os.environ[key] for key in ("PATH",) if key in os.environ}
        return {**kept, "HOME": str(self.home), "KUBECONFIG": self.kubeconfig}


@cache
def binaries() -> Mapping[str, str]:
    """Every kubectl of this machine by its name: the one on PATH, and those beside it."""
    found = shutil.which("kubectl")
    if found is None:
        return {}
    folders = dict.fromkeys((Path(found).parent, Path(os.path.realpath(found)).parent))
    beside = [path for folder in folders for path in sorted(folder.glob("kubectl.1.*"))]
    return {"kubectl": found, **{path.name: str(path) for path in beside}}


@cache
def minor_version(binary: str) -> str:
    """`1.33`, as the binary says itself."""
    said = subprocess.run(
        [binary, "version", "--client"], capture_output=True, text=True, timeout=TIMEOUT, check=True
    )
    match = re.search(r"(?:Client Version: |GitVersion:\")v(\d+\.\d+)", said.stdout)
    assert match, said
    return match[1]
