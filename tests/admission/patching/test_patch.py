from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.admission.patching.patch import (
    Patch,
    Patched,
    PatchKind,
    apply_patch,
    check_options,
    check_strictly,
    undecodable,
)
from localjobs.admission.text import decode_json
from localjobs.api import resources
from localjobs.errors import ApiError, BadRequest, Invalid, TooLarge, UnsupportedMediaType
from tests.admission.patching.recorded import Exchange, exchanges, status

EXCHANGES = [one for one in exchanges() if one.kind is not PatchKind.APPLY]
PURE_REFUSALS = (
    "error decoding patch",
    "the server rejected",
    "Invalid JSON Patch",
    "invalid patch",
)


JSON_ERROR = "error decoding patch: json: cannot unmarshal"
LATER = (
    *("generation", "resourceVersion", "managedFields"),
    *("imagePullPolicy", "terminationMessagePath", "terminationMessagePolicy"),
)


def settled(value: Any) -> Any:
    """Without what admission adds or drops after the patch."""
    if isinstance(value, dict):
        return {key: settled(one) for key, one in value.items() if one != [] and key not in LATER}
    return [settled(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("one", EXCHANGES, ids=lambda one: one.name)
def test_a_recorded_patch_has_its_recorded_effect(one: Exchange) -> None:
    patch = Patch(one.kind, one.body)
    if one.code in (400, 422) and one.response["message"].startswith(PURE_REFUSALS):
        with pytest.raises(ApiError) as caught:
            apply_patch(resources.JOBS, one.old, patch)
        error = caught.value
        assert status(error.code, error.to_status()) == status(one.code, one.response)
    else:
        body = apply_patch(resources.JOBS, one.old, patch).body
        assert one.code != 200 or settled(body) == settled(one.response)


def test_a_media_type_that_is_no_patch_is_refused() -> None:
    assert PatchKind.of("application/json-patch+json; charset=utf-8") is PatchKind.JSON
    with pytest.raises(UnsupportedMediaType, match="415: Unsupported Media Type"):
        PatchKind.of("application/json")


def test_text_that_is_no_json_is_answered_in_the_words_of_its_kind() -> None:
    assert PatchKind.MERGE.unreadable("x").message == "error decoding patch: x"
    assert PatchKind.STRATEGIC.unreadable("x").message == "x"
    assert PatchKind.APPLY.unreadable("x").message == "error decoding YAML: x"


@pytest.mark.parametrize(
    ("kind", "body", "message"),
    [
        (PatchKind.MERGE, None, "Invalid JSON Patch"),
        (
            PatchKind.STRATEGIC,
            [1],
            "json: cannot unmarshal array into Go value of type map[string]interface {}",
        ),
        (
            PatchKind.JSON,
            [7],
            f"{JSON_ERROR} number into Go value of type handlers.jsonPatchOp",
        ),
        (
            PatchKind.JSON,
            [{"op": 7}],
            f"{JSON_ERROR} number into Go struct field jsonPatchOp.op of type string",
        ),
    ],
)
def test_a_body_of_another_shape_is_a_bad_request(kind: PatchKind, body: Any, message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        apply_patch(resources.JOBS, {}, Patch(kind, body))
    assert caught.value.message == message


def test_patches_that_say_nothing_change_nothing() -> None:
    old = {"metadata": {"name": "j"}, "spec": {"parallelism": 1}}
    for kind in (PatchKind.STRATEGIC, PatchKind.JSON):
        assert apply_patch(resources.JOBS, old, Patch(kind, None)).body == old


def test_a_strategic_patch_of_the_wrong_type_blames_the_patch() -> None:
    body = {"spec": {"parallelism": "x"}}
    with pytest.raises(Invalid) as caught:
        apply_patch(resources.JOBS, {"spec": {}}, Patch(PatchKind.STRATEGIC, body))
    assert caught.value.to_status()["message"] == (
        ' "" is invalid: patch: Invalid value: "map[spec:map[parallelism:x]]": '
        "cannot convert string to int32"
    )
    assert caught.value.details is not None
    assert caught.value.details.causes[0].field == "patch"


def test_a_patched_object_that_does_not_decode_is_shown_whole() -> None:
    patch = Patch(PatchKind.MERGE, {"spec": {"parallelism": "x"}})
    patched = apply_patch(resources.JOBS, {"spec": {"suspend": True}}, patch)
    reason = (
        "json: cannot unmarshal string into Go struct field JobSpec.spec.parallelism of type int32"
    )
    error = BadRequest(f'Job in version "v1" cannot be handled as a Job: {reason}')
    shown = r'"{\"spec\":{\"suspend\":true,\"parallelism\":\"x\"}}"'
    assert undecodable(patch, patched, error).message == (
        f' "" is invalid: patch: Invalid value: {shown}: {reason}'
    )


def test_strict_errors_of_the_patch_and_of_its_result_are_told_together() -> None:
    body = decode_json(b'{"spec":{"suspend":true,"suspend":true},"x":[{"a":1,"a":2}]}', "Job")
    patch = Patch(PatchKind.MERGE, body)
    patched = apply_patch(resources.JOBS, {}, patch)
    assert patched.strict_errors == ('duplicate field "spec.suspend"', 'duplicate field "x[0].a"')
    error = BadRequest(
        'Job in version "v1" cannot be handled as a Job: strict decoding error: unknown field "x"'
    )
    assert undecodable(patch, patched, error).message.endswith(
        'strict decoding error: duplicate field "spec.suspend", duplicate field "x[0].a", '
        'unknown field "x"'
    )
    with pytest.raises(Invalid, match="strict decoding error: duplicate field"):
        check_strictly(patch, patched)
    check_strictly(patch, Patched({}))


MEMBERS = (
    *("metadata", "spec", "template", "containers", "name", "env", "labels", "finalizers"),
    *("$patch", "$retainKeys", "$setElementOrder/containers", "$setElementOrder/finalizers"),
    *("$deleteFromPrimitiveList/finalizers", "op", "path", "from", "value"),
)
NOISE: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from(["", "c", "delete", "replace", "add", "/spec", "/metadata/finalizers/-1"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=4)
    ),
    max_leaves=12,
)
LIVE = {
    "metadata": {"name": "j", "finalizers": ["c"], "labels": {"a": "b"}},
    "spec": {"template": {"spec": {"containers": [{"name": "c", "env": [{"name": "E"}]}]}}},
}


@settings(max_examples=100)
@given(NOISE, NOISE)
def test_whatever_is_sent_is_applied_or_refused(body: Any, inner: Any) -> None:
    nested = {"spec": {"template": {"spec": inner}}, "metadata": inner}
    operations = [{"op": "add", "path": "/spec/x", "value": body}, inner]
    before = repr(LIVE)
    for kind in (PatchKind.JSON, PatchKind.MERGE, PatchKind.STRATEGIC):
        for one in (body, nested, operations):
            with suppress(ApiError):
                assert apply_patch(resources.JOBS, LIVE, Patch(kind, one))
    assert repr(LIVE) == before


def test_members_no_operation_has_are_strict_errors() -> None:
    body = [{"op": "add", "path": "/x", "value": 1, "bogus": 2}]
    patched = apply_patch(resources.JOBS, {}, Patch(PatchKind.JSON, body))
    assert patched.strict_errors == ('json patch unknown field "[0].bogus"',)


def test_a_json_patch_has_at_most_ten_thousand_operations() -> None:
    body = [{"op": "add", "path": "/x", "value": 1}] * 10_001
    with pytest.raises(TooLarge, match="10000, got 10001"):
        apply_patch(resources.JOBS, {}, Patch(PatchKind.JSON, body))


def test_only_apply_is_forced_and_apply_names_its_manager() -> None:
    check_options(PatchKind.APPLY, "me", True)
    check_options(PatchKind.MERGE, "", None)
    with pytest.raises(Invalid) as caught:
        check_options(PatchKind.APPLY, "", None)
    assert caught.value.message == (
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: '
        "is required for apply patch"
    )
    with pytest.raises(Invalid, match="force: Forbidden: may not be specified for non-apply patch"):
        check_options(PatchKind.JSON, "me", False)
