"""Whatever lies in the directory: a clear error, nothing lost, and the daemon goes on."""

import os
import socket
from pathlib import Path

import pytest
import yaml

from tests.daemon.jobs import job
from tests.daemon.served import Served, conditions, reason, until

TEXTS = {
    "broken.yaml": ("a: [b", "did not find expected ',' or ']'"),
    "duplicate.yaml": ("kind: Job\nkind: Job\n", 'key "kind" already set in map'),
    "unknown.yaml": ("spec: {paralelism: 2}", 'unknown field "spec.paralelism"'),
    "types.yaml": ("spec: {completions: three}", "cannot unmarshal string into Go struct field"),
    "kind.yaml": ("kind: Deployment\napiVersion: apps/v1", "Deployment"),
    "scalar.yaml": ("42", "expected an object, found a number"),
    "deep.yaml": ("[" * 100_000, "nested more than 100 deep"),
    "deeper.json": ('{"a":' * 100_000, "nested more than 100 deep"),
    "deepest.toml": ("a = " + "[" * 100_000, "nested too deep"),
    "huge.yaml": ("# " + "x" * (4 << 20), "the file is too large: 4194306 bytes"),
    "itself.yaml": ("a: &a [*a]", "contains itself"),
    "name.yaml": ("metadata: {name: ../../../etc/passwd}", "metadata.name: Invalid value"),
    "space.yaml": ("metadata: {namespace: ../up, name: a}", "namespace"),
    "box.yaml": (
        "spec: {template: {spec: {containers: [{name: ../c, image: x, command: [x]}]}}}",
        "spec.template.spec.containers[0].name: Invalid value",
    ),
}
"""What is written into files, and what is said about it."""

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)
)


def _whole(name: str, text: str) -> str:
    """A manifest with this one thing about it."""
    if not text.startswith(("spec:", "metadata:")):
        return text
    given = yaml.safe_load(text)
    base = yaml.safe_load(job("a", "true", Path("/")))
    spec = {**base["spec"], **given.get("spec", {})}
    if "template" in given.get("spec", {}):
        pod = {**base["spec"]["template"]["spec"], **given["spec"]["template"]["spec"]}
        spec["template"] = {"spec": pod}
    metadata = given.get("metadata", {"name": name})
    return yaml.safe_dump({**base, "metadata": metadata, "spec": spec})


def _fill_with_what_is_no_file(directory: Path) -> dict[str, str]:
    """Names that are no manifests; returns what is said about them."""
    (directory / "folder.yaml").mkdir()
    os.mkfifo(directory / "pipe.yaml")
    (directory / "loop.yaml").symlink_to("loop.yaml")
    (directory / "dangling.yaml").symlink_to("nowhere")
    (directory / "zero.yaml").symlink_to("/dev/zero")
    (directory / "binary.yaml").write_bytes(bytes(range(256)) * 1000)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(directory / "socket.yaml"))
    return {
        "folder.yaml": "a directory, not a file",
        "pipe.yaml": "a named pipe, not a file",
        "loop.yaml": "a symbolic link that leads to itself",
        "dangling.yaml": "a symbolic link that leads nowhere",
        "zero.yaml": "a device, not a file",
        "binary.yaml": "not UTF-8 text: byte 0x80",
        "socket.yaml": "a socket, not a file",
    }


def test_what_cannot_be_read_is_told_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    directory = tmp_path / "jobs.d"
    directory.mkdir()
    expected = _fill_with_what_is_no_file(directory)
    for name, (text, message) in TEXTS.items():
        expected[name] = message
        (directory / name).write_text(_whole(name.partition(".")[0], text))
    (directory / "bomb.yaml").write_text(BOMB)
    expected["bomb.yaml"] = "excessive aliasing"
    with Served(directory) as served:
        for name, message in expected.items():
            assert message in served.errors(name), name
        served.drop("good.yaml", job("good", "true", tmp_path))
        assert reason(served.finished("good.yaml")) == "CompletionsReached"
        assert served.status("folder.yaml") is not None
    assert "Traceback" not in served.log.read_text()


def test_what_a_manifest_made_outlives_its_mistakes(tmp_path: Path) -> None:
    directory = tmp_path / "jobs.d"
    directory.mkdir()
    with Served(directory) as served:
        served.drop("a.yaml", job("a", "exec sleep 600", tmp_path))
        uid = served.running("a.yaml")["uid"]
        served.drop("a.yaml", "a: [b")
        assert "did not find" in served.errors("a.yaml")
        assert served.job("a.yaml") is not None
        (directory / "a.yaml").unlink()
        (directory / "a.yaml").mkdir()
        until(lambda: "a directory" in served.errors("a.yaml") or None, "the directory's error")
        kept = served.running("a.yaml")
        assert (kept["uid"], kept["status"]["active"]) == (uid, 1)
        # Once it is fit again, it is the same Job, with what was changed.
        (directory / "a.yaml").rmdir()
        served.drop("a.yaml", job("a", "exec sleep 600", tmp_path, suspend=True))
        suspended = served.job_when("a.yaml", lambda job: "Suspended" in conditions(job))
        assert suspended["uid"] == uid
