import pytest

from localjobs.kubelet.image import NO_MEANING, ImageMeaning, busybox_images, meaning_of


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("busybox", ("sh",)),
        ("busybox:1", ("sh",)),
        ("docker.io/library/busybox:1.36", ("sh",)),
        ("localhost:5000/busybox", ("sh",)),
        ("busybox@sha256:0123", ("sh",)),
        ("bash:5", ("bash",)),
        ("python:3.12-slim", ("python3",)),
        ("perl:5.34.0", ("perl", "-de0")),
        ("node:22", ("node",)),
    ],
)
def test_built_in_names(image: str, words: tuple[str, ...]) -> None:
    assert meaning_of(image).args == words


def test_pause_runs_until_it_is_told_to_end() -> None:
    assert meaning_of("registry.k8s.io/pause:3.10").command[0] == "/bin/sh"


def test_an_unknown_name_means_nothing() -> None:
    assert meaning_of("example.com/busybox-tools:1") is NO_MEANING


def test_the_settings_come_before_the_built_in_and_the_first_match_holds() -> None:
    first = ImageMeaning("python:3.*", command=("py3",))
    second = ImageMeaning("python*", command=("py",))
    third = ImageMeaning("*/tools/*", command=("tool",))
    meanings = (first, second, third)
    assert meaning_of("docker.io/library/python:3.12", meanings) is first
    assert meaning_of("python:2.7", meanings) is second
    assert meaning_of("ghcr.io/tools/x:1", meanings) is third
    assert meaning_of("busybox", meanings).args == ("sh",)


@pytest.mark.parametrize("image", ["busybox:1.29", "alpine", "k8s.io/e2e-test-images/agnhost:2"])
def test_what_busybox_knows_more_is_run_by_bash_where_the_machine_has_it(image: str) -> None:
    assert meaning_of(image, busybox_images("/usr/bin/bash")).richer_shell == ("/usr/bin/bash",)
    assert meaning_of(image, busybox_images(None)).richer_shell == ()
    assert meaning_of(image, busybox_images(None)).args == meaning_of(image).args


def test_the_shell_of_other_images_stays_what_it_is() -> None:
    assert meaning_of("debian", busybox_images("/usr/bin/bash")).richer_shell == ()
