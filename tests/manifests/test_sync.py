import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.api.resources import JOBS
from localjobs.manifests import records, sync
from localjobs.manifests.parse import Document, parse
from localjobs.manifests.records import Applied
from localjobs.manifests.targets import Target


def target(name: str) -> Target:
    return Target(JOBS, "default", name)


def documents(*names: str, note: str = "") -> tuple[Document, ...]:
    texts = [
        f"{{apiVersion: batch/v1, kind: Job, metadata: {{name: {name}}}, note: '{note}'}}\n"
        for name in names
    ]
    return parse("---\n".join(texts).encode(), "x.yaml")


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("pi.yaml", True),
        ("pi.yml", True),
        ("pi.json", True),
        ("pi.toml", True),
        ("status.yaml", True),
        ("..pi.yaml", False),
        (".pi.yaml", False),
        ("pi.status.yaml", False),
        ("localjobs.toml", False),
        ("pi.YAML", False),
        ("yaml", False),
        ("pi.yaml.swp", False),
        ("p\udcff.yaml", False),
        ("p\ni.yaml", False),
    ],
)
def test_manifests_are_told_by_their_names(name: str, is_one: bool) -> None:
    assert sync.is_manifest(name) is is_one


@given(st.sets(st.sampled_from(["a.yaml", "a.yml", "a.json", "a.toml", "b.json", "a.b.yml"])))
def test_no_two_manifests_share_a_status_file_and_none_is_a_manifest(names: set[str]) -> None:
    given_names = [sync.status_name(name, names) for name in names]
    assert len(set(given_names)) == len(names)
    assert not any(sync.is_manifest(name) for name in given_names)


# Listings

SIGNATURES = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 2))


@settings(max_examples=100, deadline=None)
@given(SIGNATURES, SIGNATURES, st.sets(st.sampled_from("abcd")), st.integers(0, 3))
def test_a_listing_asks_for_what_is_new_changed_or_hinted_at(
    listing: dict[str, int], known: dict[str, int], hinted: set[str], waited: int
) -> None:
    missing = {name: 10.0 for name in known if name not in listing}
    look = sync.compare(listing, known, hinted, missing, 10.0 + waited * 0.25)
    assert set(look.read) == {
        name for name in listing if name in hinted or known.get(name, -1) != listing[name]
    }
    assert set(look.removed) | set(look.missing) == set(known) - set(listing)
    assert (waited >= 2) == (not look.missing) or not missing
    assert (look.wake_at is None) == (not look.missing)


def test_a_file_that_comes_back_is_not_missing() -> None:
    first = sync.compare({}, {"a": 1}, (), {}, 0.0)
    assert (first.missing, first.removed, first.wake_at) == ({"a": 0.0}, (), sync.REMOVAL_GRACE)
    again = sync.compare({"a": 1}, {"a": 1}, (), first.missing, 0.3)
    assert (again.missing, again.read) == ({}, ())


# Files


def test_a_new_document_is_applied_and_an_unchanged_one_is_not() -> None:
    plan = sync.plan_file("a", documents("one", "two"), "s", {}, {})
    assert [step.target.name for step in plan.apply] == ["one", "two"]
    applied = {
        step.target: Applied(step.target, "u", step.content, step.source) for step in plan.apply
    }
    again = sync.plan_file("a", documents("one", "two"), "t", applied, {})
    assert (again.apply, again.delete, again.claims) == ((), (), plan.claims)
    changed = sync.plan_file(
        "a", (*documents("one"), *documents("two", note="x")), "t", applied, {}
    )
    assert [step.target.name for step in changed.apply] == ["two"]


def test_what_is_no_longer_named_is_deleted_and_given_up() -> None:
    applied = {target(name): Applied(target(name), name, "c") for name in ("one", "two")}
    plan = sync.plan_file("a", documents("one"), "s", applied, {})
    assert [one.uid for one in plan.delete] == ["two"]
    assert plan.claims == {target("one")}


def test_what_another_file_has_is_refused_and_what_it_has_itself_is_not() -> None:
    plan = sync.plan_file("b", documents("one", "two"), "s", {}, {target("one"): "a"})
    assert [step.target.name for step in plan.apply] == ["two"]
    assert plan.refused == {target("one")}
    assert plan.problems[0].message == "Job default/one is already held by a"
    own = sync.plan_file("a", documents("one"), "s", {}, {target("one"): "a"})
    assert own.problems == ()


NAMES = st.lists(st.sampled_from(["one", "two", "three"]), max_size=4)


@settings(max_examples=100, deadline=None)
@given(NAMES, NAMES, st.booleans())
def test_applying_a_plan_leaves_nothing_to_do(old: list[str], new: list[str], note: bool) -> None:
    applied = {target(name): Applied(target(name), name, "c") for name in old}
    found = documents(*new, note="x" if note else "")
    plan = sync.plan_file("a", found, "s", applied, {})
    for gone in plan.delete:
        del applied[gone.target]
    for step in plan.apply:
        applied[step.target] = Applied(step.target, "u", step.content, step.source)
    assert set(applied) == {target(name) for name in new} == plan.claims
    again = sync.plan_file("a", found, "s", applied, {})
    assert (again.apply, again.delete) == ((), ())


def test_records_read_back_as_they_were_written() -> None:
    one = Applied(target("one"), "u", "c", "s", {"status": {}, "pods": []}, 5.5)
    two = Applied(target("two"), "v", "d")
    applied = {one.target: one, two.target: two}
    dumped = records.dump(applied)
    assert dumped is not None
    assert records.load(dumped) == applied
    assert records.dump({}) is None
