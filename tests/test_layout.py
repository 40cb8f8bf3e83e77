"""The layout shows the architecture: no file, and no function, outgrows its noun."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LONGEST_FILE, LONGEST_FUNCTION = 400, 40
SOURCES = sorted((ROOT / "localjobs").rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) < LONGEST_FILE
    assert not list(_too_long(ast.parse(text)))


def _too_long(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            if lines > LONGEST_FUNCTION + _docstring_lines(node):
                yield f"{node.name}: {lines} lines"


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return len((ast.get_docstring(node) or "").splitlines())


def test_only_nouns_name_modules() -> None:
    forbidden = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
    assert not [path for path in SOURCES if path.stem in forbidden]


def test_every_folder_is_a_package() -> None:
    """The import contracts do not look into one that has no `__init__.py`."""
    assert not [path for path in SOURCES if not (path.parent / "__init__.py").exists()]
