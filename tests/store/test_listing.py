from __future__ import annotations

import base64
import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.api import objects
from localjobs.api.resources import EVENTS, JOBS, NODES, PODS, SERVICEACCOUNTS, Resource
from localjobs.errors import ApiError, BadRequest, Expired, Invalid, Timeout
from localjobs.store.continuation import Continuation
from localjobs.store.list_options import ListOptions
from localjobs.store.listing import Page, list_page
from localjobs.store.selection import Selection, field_value
from localjobs.store.store import Store
from tests.store.samples import job, pod


def page(store: Store, namespace: str | None = "default", **options: Any) -> Page:
    found = ListOptions(**options)
    selection = Selection.parse(JOBS, namespace, found.label_selector, found.field_selector)
    listed = list_page(store, selection, found)
    assert json.loads(listed.encode()) == listed.to_object()
    return listed


def names(listed: Page) -> list[str]:
    return [objects.name(obj) for obj in listed.objects]


def filled(store: Store, letters: str = "abcde") -> None:
    for letter in letters:
        store.insert(JOBS, job(letter, labels={"odd": str(ord(letter) % 2)}))
    store.flush()


def test_a_list_carries_the_version_and_bare_items(store: Store) -> None:
    filled(store, "ab")
    store.insert(PODS, pod())
    listed = page(store)
    assert names(listed) == ["a", "b"]
    assert listed.metadata == {"resourceVersion": "3"}
    shown = listed.to_object()
    assert (shown["kind"], shown["apiVersion"]) == ("JobList", "batch/v1")
    assert all("kind" not in item and "apiVersion" not in item for item in shown["items"])
    assert page(store, "nowhere").to_object()["items"] == []


def test_pages_are_of_one_version(store: Store) -> None:
    filled(store)
    first = page(store, limit=2)
    assert (names(first), first.remaining) == (["a", "b"], 3)
    store.remove(JOBS, "default", "c")
    store.insert(JOBS, job("bb"))
    second = page(store, limit=2, continue_token=first.continue_token)
    assert (names(second), second.remaining) == (["c", "d"], 1)
    assert second.resource_version == first.resource_version
    last = page(store, limit=2, continue_token=second.continue_token)
    assert (names(last), last.remaining, last.continue_token) == (["e"], None, "")


@settings(max_examples=30, deadline=None)
@given(
    places=st.sets(st.tuples(st.sampled_from(["a", "a-b", "b"]), st.sampled_from("xyz"))),
    limit=st.integers(1, 4),
    everywhere=st.booleans(),
    selector=st.sampled_from(["", "l=1"]),
)
def test_pages_add_up_to_the_list(
    places: set[tuple[str, str]], limit: int, everywhere: bool, selector: str
) -> None:
    store = Store.open(None)
    for number, (namespace, name) in enumerate(sorted(places)):
        store.insert(JOBS, job(name, namespace, labels={"l": str(number % 2)}))
    namespace_ = None if everywhere else "a"
    whole = page(store, namespace_, label_selector=selector).objects
    found, token = [], ""
    for turn in itertools.count():
        one = page(store, namespace_, label_selector=selector, limit=limit, continue_token=token)
        assert len(one.versions) <= limit
        found += one.objects
        store.insert(JOBS, job(f"{'azm'[turn % 3]}-{turn}", "a", labels={"l": "1"}))
        token = one.continue_token
        if not token:
            break
    assert found == whole


def test_a_selection_counts_no_remainder(store: Store) -> None:
    filled(store)
    listed = page(store, limit=2, label_selector="odd=1")
    assert (names(listed), listed.remaining) == (["a", "c"], None)
    assert listed.continue_token
    rest = page(store, limit=2, label_selector="odd=1", continue_token=listed.continue_token)
    assert (names(rest), rest.continue_token) == (["e"], "")


def test_version_zero_is_answered_whole(store: Store) -> None:
    filled(store)
    assert names(page(store, limit=2, resource_version="0")) == list("abcde")


def test_an_exact_version_is_shown_as_it_was(store: Store) -> None:
    filled(store)
    old = page(store, resource_version="2", resource_version_match="Exact")
    assert (names(old), old.resource_version) == (["a", "b"], 2)
    assert names(page(store, resource_version="2", limit=9)) == ["a", "b"]
    newer = page(store, resource_version="2", resource_version_match="NotOlderThan", limit=9)
    assert names(newer) == list("abcde")
    assert names(page(store, resource_version="2")) == list("abcde")


def test_a_version_to_come_times_out(store: Store) -> None:
    with pytest.raises(Timeout, match=r"^Timeout: Too large resource version: 7, current: 0$"):
        page(store, resource_version="7")
    with pytest.raises(Timeout):
        page(store, continue_token=Continuation(7, "a").encode())


def test_a_forgotten_version_expires() -> None:
    store = Store.open(None, history=2)
    filled(store, "a")
    first = store.resource_version
    filled(store, "bcde")
    with pytest.raises(Expired, match=r"^The resourceVersion for the provided list is too old\.$"):
        page(store, resource_version=str(first), resource_version_match="Exact")


def test_an_expired_token_comes_with_one_that_goes_on_anyhow() -> None:
    store = Store.open(None, history=2)
    filled(store, "abc")
    token = page(store, limit=1).continue_token
    store.remove(JOBS, "default", "c")
    filled(store, "defg")
    with pytest.raises(Expired, match="continue parameter is too old") as caught:
        page(store, limit=1, continue_token=token)
    status = caught.value.to_status()
    assert (status["code"], status["reason"]) == (410, "Expired")
    again = page(store, limit=3, continue_token=status["metadata"]["continue"])
    assert names(again) == ["b", "d", "e"]
    assert again.resource_version == store.resource_version
    assert names(page(store, continue_token=again.continue_token)) == ["f", "g"]


def token(**parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).rstrip(b"=").decode()


V1 = "meta.k8s.io/v1"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("garbage", r"invalid character '\u0081' looking for beginning of value"),
        ("a?", "illegal base64 data at input byte 1"),
        ("abcde", "illegal base64 data at input byte 4"),
        (token(v="x", rv=1, start="a"), 'server does not recognize this encoded version "x"'),
        (token(v=V1, start="a"), f"incorrect encoded start resourceVersion (version {V1})"),
        (token(v=V1, rv=3), f"encoded start key empty (version {V1})"),
        (token(v=V1, rv=3, start="../x"), "../x"),
        (base64.urlsafe_b64encode(b"  ").rstrip(b"=").decode(), "unexpected end of JSON input"),
        (base64.urlsafe_b64encode(b"'a").rstrip(b"=").decode(), None),
    ],
)
def test_a_token_that_is_none_is_refused(store: Store, text: str, problem: str | None) -> None:
    problem = problem or "invalid character '\\'' looking for beginning of value"
    with pytest.raises(BadRequest) as caught:
        page(store, continue_token=text)
    assert str(caught.value) == f"invalid continue token: continue key is not valid: {problem}"


KEYS = st.from_regex(r"([a-z0-9-]{1,9}/)?[a-z0-9.-]{1,9}\0?", fullmatch=True).filter(
    lambda key: not key.startswith((".", "-")) and "/." not in key
)


@given(st.integers(-1, 2**53).filter(bool), KEYS)
def test_a_token_is_read_as_it_was_written(version: int, start: str) -> None:
    written = Continuation(version, start)
    assert Continuation.decode(written.encode()) == written


def test_a_version_beside_a_token_is_refused(store: Store) -> None:
    with pytest.raises(BadRequest, match=r"^specifying resource version is not allowed when using"):
        page(store, continue_token=Continuation(1, "a").encode(), resource_version="1")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"limit": "x"}, 'strconv.ParseInt: parsing "x": invalid syntax'),
        ({"limit": str(2**63)}, f'strconv.ParseInt: parsing "{2**63}": value out of range'),
        ({"timeoutSeconds": "1s"}, 'strconv.ParseInt: parsing "1s": invalid syntax'),
        ({"resourceVersionMatch": "Exact"}, "is forbidden unless resourceVersion is provided"),
        (
            {"resourceVersionMatch": "Exact", "resourceVersion": "1", "continue": "x"},
            "resourceVersionMatch is forbidden when continue is provided",
        ),
        (
            {"watch": "1", "resourceVersionMatch": "NotOlderThan"},
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        ),
        (
            {"watch": "1", "resourceVersionMatch": "Exact", "sendInitialEvents": "1"},
            'Unsupported value: "Exact": supported values: "NotOlderThan"',
        ),
    ],
)
def test_options_that_do_not_go_together_are_refused(query: dict[str, str], message: str) -> None:
    with pytest.raises((BadRequest, Invalid)) as caught:
        ListOptions.parse(query)
    assert message in str(caught.value)


def test_flags_are_read_as_upstream_reads_them() -> None:
    assert ListOptions.parse({"watch": ""}).watch
    assert not ListOptions.parse({"watch": "False"}).watch
    assert not ListOptions.parse({"watch": "0", "allowWatchBookmarks": "0"}).allow_watch_bookmarks
    assert ListOptions.parse({}).send_initial_events is None
    assert ListOptions.parse({"timeoutSeconds": "5"}).timeout_seconds == 5


@pytest.mark.parametrize(
    ("resource", "field", "message"),
    [
        (JOBS, "spec.x", 'field label "spec.x" not supported for Job'),
        (PODS, "spec.x", "field label not supported: spec.x"),
        (
            SERVICEACCOUNTS,
            "type",
            '"type" is not a known field selector: only "metadata.name", "metadata.namespace"',
        ),
    ],
)
def test_a_field_that_selects_nothing_is_refused(
    resource: Resource, field: str, message: str
) -> None:
    with pytest.raises(ApiError) as caught:
        Selection.parse(resource, None, fields=f"{field}=1")
    assert (caught.value.code, str(caught.value)) == (400, message)


def test_fields_have_their_values() -> None:
    node = {"metadata": {"name": "n"}, "spec": {"unschedulable": True}}
    event = {"involvedObject": {"name": "j"}, "source": {"component": "c"}, "type": "Normal"}
    running = {**pod(), "status": {"phase": "Running"}}
    assert field_value({**job(), "status": {"succeeded": 3}}, "status.successful") == "3"
    assert field_value(running, "status.phase") == "Running"
    assert field_value(running, "spec.hostNetwork") == "false"
    assert field_value(node, "spec.unschedulable") == "true"
    assert field_value(event, "involvedObject.name") == "j"
    assert field_value(event, "source") == "c"
    assert field_value({"reportingComponent": "r"}, "source") == "r"
    for resource, text in ((PODS, "status.phase=Running"), (EVENTS, "type=Normal")):
        obj = running if resource is PODS else {**event, "metadata": {"name": "e"}}
        assert Selection.parse(resource, None, fields=text).matches(obj)
        assert not Selection.parse(resource, None, fields=text.replace("=", "!=")).matches(obj)
    assert Selection.parse(NODES, None, fields="spec.unschedulable=true").matches(node)
