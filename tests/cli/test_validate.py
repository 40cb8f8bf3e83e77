import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from localjobs.cli import main

VALID = """\
apiVersion: batch/v1
kind: Job
metadata: {name: pi}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - {name: a, image: perl}
"""


def validate(*arguments: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(main, ["validate", *arguments], input=stdin, catch_exceptions=False)


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def first_error(text: str) -> str:
    result = validate("-", stdin=text.encode())
    assert result.exit_code == 2
    return result.stdout.splitlines()[0]


def test_what_the_server_would_accept_is_valid(tmp_path: Path) -> None:
    name = write(tmp_path / "pi.yaml", VALID)
    result = validate(name)
    assert (result.exit_code, result.stdout) == (0, f"{name}:1: valid: Job default/pi\n")


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("spec:\n  t", "spec:\n  paralellism: 2\n  t", '5:3: error: unknown field "spec.paralell'),
        ("image: perl", "imag: perl", '9:19: error: unknown field "spec.template.spec.containers'),
        ("Never", "Sometimes", "7:7: error: spec.template.spec.restartPolicy: Unsupported value"),
        ("name: pi", "name: ../pi", "3:12: error: metadata.name: Invalid value"),
        ("name: pi", "name: pi, namespace: ../x", "3:22: error: metadata.namespace: Invalid"),
        ("name: pi", "name: pi, labels: {n: y, b: no}", "3:31: error: Job in version"),
        ("{name: pi}", "{}", "3:1: error: metadata.name: Required value"),
        (
            "kind: Job",
            "kind: Jbo",
            "2:1: error: batch/v1 Jbo is no kind that is run from manifests (did you mean",
        ),
        ("kind: Job", "kind: Job\nkind: Job", '3:1: error: yaml: key "kind" already set in map'),
        ("kind: Job", "kin: Job", "1:1: error: kind not set"),
        ("batch/v1", "batch/v2", "1:1: error: batch/v2 Job is no kind that is run from"),
    ],
)
def test_errors_stand_at_the_field(old: str, new: str, error: str) -> None:
    assert first_error(VALID.replace(old, new)).startswith(f"<stdin>:{error}")


def test_a_wrong_type_is_found_in_the_item_that_has_it() -> None:
    text = VALID + "      - {name: b, image: yes}\n"
    assert first_error(text).startswith("<stdin>:10:19: error: Job in version")


def test_every_error_of_every_object_is_told() -> None:
    text = VALID.replace("Never", "Always").replace("perl}", "''}") + "---\n" + VALID
    result = validate("-", stdin=text.encode())
    places = [line.split(": ")[0] for line in result.stdout.splitlines()]
    assert (result.exit_code, sorted(places)) == (
        2,
        ["<stdin>:11", "<stdin>:7:7", "<stdin>:9:19"],
    )


def test_an_object_that_is_named_twice_is_refused() -> None:
    result = validate("-", stdin=(VALID + "---\n" + VALID).encode())
    assert "<stdin>:13:12: error: Job pi is already named on line 1" in result.stdout


def test_a_generated_name_is_warned_of() -> None:
    result = validate("-", stdin=VALID.replace("name: pi", "generateName: pi-").encode())
    assert result.exit_code == 0
    assert "<stdin>:3:12: warning: a Job in a served directory needs" in result.stdout


def test_warnings_of_the_server_are_shown() -> None:
    result = validate("-", stdin=VALID.replace("name: pi", "name: pi.x").encode())
    assert result.exit_code == 0
    assert "<stdin>:3:12: warning: metadata.name: this is used in Pod names" in result.stdout


def test_json_tells_the_same(tmp_path: Path) -> None:
    good = write(tmp_path / "good.yaml", VALID)
    bad = write(tmp_path / "bad.json", '{"apiVersion": "batch/v1",\n "kind": "Job"}')
    result = validate("-o", "json", good, bad)
    told: dict[str, Any] = json.loads(result.stdout)
    assert (result.exit_code, told["valid"]) == (2, False)
    assert [file["valid"] for file in told["files"]] == [True, False]
    assert told["files"][0]["objects"][0] == {
        "kind": "Job",
        "namespace": "default",
        "name": "pi",
        "line": 1,
        "valid": True,
        "errors": [],
        "warnings": [],
    }
    error = told["files"][1]["objects"][0]["errors"][0]
    assert (error["line"], error["column"]) == (1, 1)
    assert error["field"].startswith(("metadata", "spec"))


def test_a_directory_stands_for_its_manifests(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", ".c.yaml", "a.status.yaml", "localjobs.toml", "notes.txt"):
        write(
            tmp_path / name,
            VALID.replace("name: pi", f"name: {name[0]}") if name[0] in "ab" else "[",
        )
    result = validate(str(tmp_path))
    assert result.stdout.splitlines() == [
        f"{tmp_path}/a.yml:1: valid: Job default/a",
        f"{tmp_path}/b.yaml:1: valid: Job default/b",
    ]


def test_what_is_no_file_is_an_error_and_nobody_waits_for_it(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo.yaml"
    os.mkfifo(fifo)
    result = validate(str(fifo), str(tmp_path / "no.yaml"))
    assert result.exit_code == 2
    assert result.stdout.splitlines() == [
        f"{fifo}: error: a named pipe, not a file",
        f"{tmp_path}/no.yaml: error: no such file",
    ]


def test_an_empty_file_is_valid() -> None:
    result = validate("-", stdin=b"# nothing yet\n")
    assert (result.exit_code, result.stdout) == (0, "<stdin>: valid: nothing in it\n")


def test_it_needs_a_file() -> None:
    result = validate()
    assert result.exit_code == 2
    assert "Missing argument 'FILE...'" in result.stderr


# The group of verbs


def test_help_names_every_verb_and_imports_none() -> None:
    script = (
        "import sys, localjobs.cli\n"
        "try: localjobs.cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'yaml', 'asyncio', 'localjobs.api.schema', 'localjobs.cli.validate'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert re.search(r"^  validate +Check manifests", done.stdout, re.MULTILINE)


def test_a_verb_that_is_not_there_is_corrected() -> None:
    result = CliRunner().invoke(main, ["valdate", "x"])
    assert result.exit_code == 2
    assert "No such command 'valdate'. Did you mean 'validate'?" in result.stderr


def test_every_verb_has_a_command_of_its_name() -> None:
    from click import Context

    from localjobs.cli import VERBS, Verbs

    assert isinstance(main, Verbs)
    context = Context(main)
    for verb in VERBS:
        command = main.get_command(context, verb)
        assert command is not None
        assert command.name == verb
