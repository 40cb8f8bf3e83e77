from typing import Any

import pytest

from localjobs.api import resources
from localjobs.apiserver.request_info import UnknownPath, parse_path


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/apis/batch/v1/jobs", (resources.JOBS, None, "", "")),
        ("/apis/batch/v1/namespaces/n/jobs", (resources.JOBS, "n", "", "")),
        ("/apis/batch/v1/namespaces/n/jobs/", (resources.JOBS, "n", "", "")),
        ("/apis/batch/v1/namespaces/n/jobs/j", (resources.JOBS, "n", "j", "")),
        ("/apis/batch/v1/namespaces/n/jobs/j/status", (resources.JOBS, "n", "j", "status")),
        ("/api/v1/namespaces", (resources.NAMESPACES, "", "", "")),
        ("/api/v1/namespaces/n", (resources.NAMESPACES, "", "n", "")),
        ("/api/v1/namespaces/n/status", (resources.NAMESPACES, "", "n", "status")),
        ("/api/v1/namespaces/n/pods/p/log", (resources.PODS, "n", "p", "log")),
        ("/api/v1/namespaces/n/pods/p/eviction", (resources.PODS, "n", "p", "eviction")),
        ("/api/v1/nodes/x", (resources.NODES, "", "x", "")),
        # a namespace may have the name of a resource
        ("/api/v1/namespaces/pods/pods/pods", (resources.PODS, "pods", "pods", "")),
    ],
)
def test_a_path_names_a_resource(path: str, expected: tuple[Any, ...]) -> None:
    info = parse_path(path)
    assert (info.resource, info.namespace, info.name, info.subresource) == expected
    assert not info.is_watch


@pytest.mark.parametrize(
    ("path", "namespace", "name"),
    [
        ("/apis/batch/v1/watch/jobs", None, ""),
        ("/apis/batch/v1/watch/namespaces/n/jobs", "n", ""),
        ("/apis/batch/v1/watch/namespaces/n/jobs/j", "n", "j"),
    ],
)
def test_the_old_form_of_a_watch_is_understood(path: str, namespace: str, name: str) -> None:
    info = parse_path(path)
    assert (info.is_watch, info.namespace, info.name) == (True, namespace, name)


@pytest.mark.parametrize(
    ("path", "is_api"),
    [
        ("/", False),
        ("/nope", False),
        ("/apis/nope", False),
        ("/apis/nope/v1/things", False),
        ("/api/v2/pods", True),
        ("/apis/batch/v9/jobs", True),
        ("/apis/batch/v1/nope", True),
        ("/apis/batch/v1/jobs/j", True),  # a name, and no namespace
        ("/apis/batch/v1/namespaces/n/jobs/j/scale", True),
        ("/apis/batch/v1/namespaces/n/jobs/j/status/more", True),
        ("/api/v1/namespaces/n/nodes", True),
    ],
)
def test_other_paths_are_unknown(path: str, *, is_api: bool) -> None:
    with pytest.raises(UnknownPath) as raised:
        parse_path(path)
    assert raised.value.is_api is is_api


def test_nothing_is_created_in_all_namespaces_at_once() -> None:
    assert "create" not in parse_path("/apis/batch/v1/jobs").allowed_verbs
    assert "create" in parse_path("/apis/batch/v1/namespaces/n/jobs").allowed_verbs
    assert "create" in parse_path("/api/v1/namespaces").allowed_verbs
