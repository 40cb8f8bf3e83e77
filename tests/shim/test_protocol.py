from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

import localjobs.shim
from localjobs.shim.protocol import FrameReader, Message, pack

MESSAGES = st.lists(st.lists(st.one_of(st.text(max_size=20), st.integers(), st.none()), max_size=4))


@settings(max_examples=80, deadline=None)
@given(st.lists(MESSAGES, max_size=5), st.integers(1, 40))
def test_frames_are_found_however_they_are_cut(frames: list[list[Message]], size: int) -> None:
    data = b"".join(pack(frame) for frame in frames)
    reader = FrameReader()
    bodies: list[bytes] = []
    for start in range(0, len(data), size):
        bodies += reader.feed(data[start : start + size])
    assert [json.loads(body) for body in bodies] == frames


def test_the_shim_imports_the_standard_library_only() -> None:
    folder = Path(localjobs.shim.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                top = name.partition(".")[0]
                assert top in sys.stdlib_module_names or name.startswith("localjobs.shim"), name


def test_the_shim_is_small() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import localjobs.shim.main;"
        "print([l for l in open('/proc/self/status') if l.startswith('VmRSS')][0].split()[1]);"
        "print(*sys.modules)"
    )
    root = Path(localjobs.shim.__file__).parents[2]
    command = [sys.executable, "-I", "-S", "-c", code, str(root)]
    size, modules = subprocess.run(
        command, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    assert int(size) < 24 * 1024
    assert not {"asyncio", "typing_extensions", "subprocess", "logging"} & set(modules.split())
