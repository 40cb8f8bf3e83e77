"""The API in a process of its own, so that a crowd of clients does not share its interpreter."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from localjobs.apiserver.credentials import Credentials
from tests.apiserver.serving import serve


def run(folder: str, pipe: Connection) -> None:
    """Serve until the other end of the pipe is closed."""
    with serve(Path(folder)) as served:
        pipe.send((served.address, served.credentials))
        try:
            pipe.recv()
        except EOFError:
            return


@contextmanager
def serve_apart(folder: Path) -> Iterator[tuple[tuple[str, int], Credentials]]:
    """Address and credentials of a server in another process."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=run, args=(str(folder), theirs))
    process.start()
    theirs.close()
    try:
        yield ours.recv()
    finally:
        ours.close()
        process.join(30)
    assert process.exitcode == 0
