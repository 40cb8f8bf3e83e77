import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.admission.validation.paths import check_file_name, has_backsteps
from tests.admission.validation.written import texts


@pytest.mark.parametrize(
    ("path", "problems"),
    [
        ("a/b", []),
        ("..a/b", ["must not start with '..'"]),
        ("..", ["must not contain '..'", "must not start with '..'"]),
        ("../a", ["must not contain '..'"]),
        ("/a", ["must be a relative path"]),
        ("a..b", []),
    ],
)
def test_the_name_of_a_file_in_a_volume(path: str, problems: list[str]) -> None:
    assert texts(check_file_name(path, "p")) == [
        f'p: Invalid value: "{path}": {problem}' for problem in problems
    ]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["a", "..", "...", ""]), max_size=5))
def test_only_a_whole_element_steps_back(elements: list[str]) -> None:
    assert has_backsteps("/".join(elements)) is (".." in elements)
