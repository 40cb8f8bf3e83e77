"""What the README tells people to do works, and what it shows is what they see."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from localjobs.cli import VERBS, main
from localjobs.config import flags
from tests.daemon.served import Served

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
DOCS = {path.name: path.read_text() for path in (ROOT / "docs").glob("*.md")}


def blocks(language: str) -> list[str]:
    """The README's code blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def _block(language: str, text: str) -> str:
    """The one block that says this."""
    [found] = [block for block in blocks(language) if text in block]
    return found


def localjobs(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "localjobs", *arguments],
        cwd=cwd, check=False, capture_output=True, text=True, timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A place that looks like the repository, without being it."""
    for name in ("jobs.d", "examples"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns(".localjobs"))
    return tmp_path


def test_the_first_steps_work_as_told(copy: Path) -> None:
    step = _block("sh", "cat > jobs.d/count.yaml")
    shown = yaml.safe_load(_block("yaml", "manifest: count.yaml").replace("...\n", "dots\n")
                           .replace("dots\n  pods:", "more: dots\n  pods:"))  # fmt: skip
    with Served(copy / "jobs.d") as served:
        first, second = served.said.splitlines()
        assert first == f"serving {copy}/jobs.d"
        assert second == f"export KUBECONFIG={copy}/jobs.d/.localjobs/kubeconfig"
        served.finished("hello.yaml")
        # The file comes a little later than a person would look.
        create = step[: step.index("cat jobs.d/count.status.yaml")]
        subprocess.run(["sh", "-ec", create], cwd=copy, check=True)
        served.finished("count.yaml")
        assert _shape(shown) <= _shape(served.status("count.yaml"))
        pod = (served.job("count.yaml") or {})["pods"][0]
        assert Path(pod["log"]).read_text().endswith("stdout F this is index 0\n")


def _shape(value: Any, path: str = "") -> set[str]:
    """The paths of all that a status file says, with the values that are the same every time."""
    if isinstance(value, dict):
        return set().union(*(_shape(one, f"{path}.{key}") for key, one in value.items()
                             if one != "dots" or key != "more"))  # fmt: skip
    if isinstance(value, list):
        return set().union({path}, *(_shape(one, f"{path}[]") for one in value[:1]))
    varies = path.rpartition(".")[2] in ("digest", "uid", "log") or path == ".jobs[].pods[].name"
    return {path if varies else f"{path}={value}"}


def test_a_run_says_what_the_readme_shows(copy: Path) -> None:
    command, *shown = _block("console", "localjobs run").splitlines()
    done = localjobs(*command.split()[2:], cwd=copy)
    assert done.returncode == 1
    said = _masked(done.stdout + done.stderr)
    assert [line for line in _masked("\n".join(shown)) if line not in said] == []


def _masked(text: str) -> list[str]:
    return re.sub(r"-[a-z0-9]{5}\b(?=[\]: ])", "-#####", text).splitlines()


def test_a_mistake_is_told_as_the_readme_shows(tmp_path: Path) -> None:
    command, shown = _block("console", "localjobs validate").splitlines()
    (tmp_path / "broken.yaml").write_text(
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: a\nspec:\n  backoffLimit: -1\n"
        "  template:\n    spec:\n      restartPolicy: Never\n"
        "      containers: [{name: c, image: busybox}]\n"
    )
    done = localjobs(*command.split()[2:], cwd=tmp_path)
    assert (done.stdout + done.stderr).splitlines() == [shown]
    assert done.returncode == 2


@pytest.mark.parametrize("verb", VERBS)
def test_every_flag_is_documented(verb: str) -> None:
    command = main.get_command(click.Context(main), verb)
    assert command is not None
    text = README + "".join(DOCS.values())
    assert f"localjobs {verb}" in text
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            for name in (*parameter.opts, *parameter.secondary_opts):
                assert re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text), name


def test_every_command_that_is_shown_exists() -> None:
    shown = set(re.findall(r"(?:^|`|\$ )localjobs ([a-z]+)", README, re.MULTILINE))
    assert shown <= set(VERBS)


def test_every_setting_is_in_its_table_with_its_default() -> None:
    rows = re.findall(
        r"^\| `([a-z.-]+)` \| (?:`(.*?)`)? ?\|", DOCS["configuration.md"], re.MULTILINE
    )
    told = dict(rows)
    for flag in flags():
        name = re.sub("^node-", "node.", flag.name)
        default = flag.default
        text = (
            ""
            if default in (None, ())
            else str(default).lower()
            if default is False
            else str(default)
        )
        assert told[name] == text, name


def test_links_lead_somewhere() -> None:
    for name, text in {"README.md": README, **{f"docs/{k}": v for k, v in DOCS.items()}}.items():
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            assert ((ROOT / name).parent / target).exists(), f"{name}: {target}"


def test_make_targets_that_are_shown_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in set(
        re.findall(r"\bmake ([a-z]+)\b", "\n".join(blocks("sh") + blocks("console")))
    ):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
