"""The health endpoints and their checks, as upstream's healthz answers."""

import pytest

from localjobs.apiserver.health import is_health, respond_to

VERBOSE = {"verbose": [""]}


def well() -> str | None:
    return None


def full() -> str | None:
    return "the disk is full"


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("/livez", True), ("/readyz/", True), ("/livez/ping", True), ("/readyz/etcd", True),
        ("/livez/etcd", False), ("/readyz/nope", False), ("/readyz/ping/x", False),
        ("/", False), ("", False), ("livez", False), ("//livez", False), ("/livezz", False),
    ],
)  # fmt: skip
def test_only_what_is_checked_is_a_path(path: str, is_one: bool) -> None:
    assert is_health(path) is is_one


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz", "/readyz/etcd", "/livez/ping"])
def test_all_is_well_in_two_letters(path: str) -> None:
    assert respond_to(path, {}, well).body == b"ok"


def test_verbose_names_the_checks() -> None:
    assert respond_to("/livez", VERBOSE, full).body == b"[+]ping ok\nlivez check passed\n"
    expected = b"[+]ping ok\n[+]etcd ok\nreadyz check passed\n"
    assert respond_to("/readyz", VERBOSE, well).body == expected


@pytest.mark.parametrize("query", [{}, VERBOSE])
def test_who_is_not_well_is_always_verbose(query: dict[str, list[str]]) -> None:
    response = respond_to("/healthz", query, full)
    assert response.code == 500
    expected = b"[+]ping ok\n[-]etcd failed: the disk is full\nhealthz check failed\n"
    assert response.body == expected
    single = respond_to("/readyz/etcd", {}, full)
    assert (single.code, single.body) == (500, b"internal server error: the disk is full\n")


def test_checks_are_excluded_by_name() -> None:
    query = {**VERBOSE, "exclude": ["etcd", "zzz", "nope"]}
    response = respond_to("/readyz", query, full)
    assert response.code == 200
    assert response.body.decode().splitlines() == [
        "[+]ping ok",
        "[+]etcd excluded: ok",
        'warn: some health checks cannot be excluded: no matches for "nope","zzz"',
        "readyz check passed",
    ]
