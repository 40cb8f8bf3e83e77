import pytest

from localjobs.kubelet.command import command_line
from localjobs.kubelet.image import NO_MEANING, ImageMeaning

IMAGE = ImageMeaning("x", command=("entry", "point"), args=("cmd",))


def test_a_command_replaces_all_of_the_image() -> None:
    assert command_line({"command": ["a"], "args": ["b"]}, IMAGE, {}) == ("a", "b")
    assert command_line({"command": ["a"]}, IMAGE, {}) == ("a",)


def test_args_replace_the_images_args() -> None:
    assert command_line({"args": ["b"]}, IMAGE, {}) == ("entry", "point", "b")
    assert command_line({"args": ["b"]}, NO_MEANING, {}) == ("b",)


def test_without_either_the_image_says_what_runs() -> None:
    assert command_line({}, IMAGE, {}) == ("entry", "point", "cmd")
    assert command_line({}, NO_MEANING, {}) == ()


def test_references_are_expanded_in_what_the_container_says() -> None:
    container = {"command": ["echo", "$(A)"], "args": ["$$(A)", "$(B)"]}
    assert command_line(container, IMAGE, {"A": "v"}) == ("echo", "v", "$(A)", "$(B)")


def test_an_image_can_say_what_its_shell_is() -> None:
    image = ImageMeaning("x", shell=("/opt/busybox", "sh"))
    assert command_line({"command": ["sh", "-c", "x"]}, image, {}) == (
        "/opt/busybox",
        "sh",
        "-c",
        "x",
    )
    assert command_line({"command": ["zsh", "-c"]}, image, {}) == ("zsh", "-c")


@pytest.mark.parametrize(
    "script",
    [
        "if [[ -r /data/foo ]]; then exit 0; fi",
        "exit $(( $RANDOM / 16384 ))",
        "exit $((RANDOM % 2))",
        "echo ${NAME:1:2}",
        "echo ${NAME: -1}",
        "echo ${NAME/a/b}",
        "echo $'a\\tb'",
        "make &> log",
        "source ./env",
        "cat <<< words",
    ],
)
def test_a_script_that_says_more_than_sh_knows_is_run_by_the_richer_shell(script: str) -> None:
    image = ImageMeaning("i", richer_shell=("/usr/bin/bash",))
    container = {"command": ["/bin/sh", "-c", script]}
    assert command_line(container, image, {}) == ("/usr/bin/bash", "-c", script)


@pytest.mark.parametrize(
    "script",
    ["kill -QUIT 1", "echo ${NAME:-1} ${NAME:+2}", "[ -r x ] && echo $HOME", "ls 2>&1 > log &"],
)
def test_any_other_script_is_run_by_sh(script: str) -> None:
    image = ImageMeaning("i", richer_shell=("/usr/bin/bash",))
    assert command_line({"command": ["sh", "-c", script]}, image, {}) == ("sh", "-c", script)
