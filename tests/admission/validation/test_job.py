import pytest

from localjobs.admission.validation.job import validate_job, validate_job_update
from localjobs.api.objects import Object
from tests.admission.validation.written import GENERATED, UID, job, stored, texts

SHOWN = (
    f'{{"batch.kubernetes.io/controller-uid":"{UID}","batch.kubernetes.io/job-name":"j",'
    f'"controller-uid":"{UID}","job-name":"j"}}'
)


def test_an_ordinary_job_breaks_no_rule() -> None:
    assert validate_job(job()) == []


def test_names_labels_and_owners_come_first() -> None:
    broken = job(metadata={"name": "J", "labels": {"a": "-"}}, parallelism=-1)
    found = texts(validate_job(broken))
    assert [text.partition(":")[0] for text in found] == [
        "metadata.name",
        "metadata.labels",
        "spec.template.metadata.labels[job-name]",
        "spec.template.metadata.labels[batch.kubernetes.io/job-name]",
        "spec.parallelism",
    ]


def test_generated_labels_name_the_job() -> None:
    mine = {**job(), "metadata": {**job()["metadata"], "uid": "other"}}
    assert texts(validate_job(mine)) == [
        f"spec.template.metadata.labels[controller-uid]: Invalid value: {SHOWN}: must be 'other'",
        (
            "spec.template.metadata.labels[batch.kubernetes.io/controller-uid]: Invalid value: "
            f"{SHOWN}: must be 'other'"
        ),
        (
            'spec.selector: Invalid value: {"matchLabels":'
            f'{{"batch.kubernetes.io/controller-uid":"{UID}"}}}}: `selector` not auto-generated'
        ),
    ]


def without_prefixed_labels(built: Object) -> Object:
    template = built["spec"]["template"]
    labels = {key: value for key, value in GENERATED.items() if "/" not in key}
    selector = {"matchLabels": {"controller-uid": UID}}
    changed = {**template, "metadata": {**template["metadata"], "labels": labels}}
    return {**built, "spec": {**built["spec"], "template": changed, "selector": selector}}


def test_jobs_from_before_the_prefixed_labels_may_lack_them() -> None:
    old = without_prefixed_labels(job())
    assert texts(validate_job(old)) == [
        (
            f"spec.template.metadata.labels[batch.kubernetes.io/controller-uid]: Required value: "
            f"must be '{UID}'"
        ),
        "spec.template.metadata.labels[batch.kubernetes.io/job-name]: Required value: must be 'j'",
    ]
    assert validate_job_update(stored(old), stored(old)) == []


def test_a_selector_of_ones_own_selects_the_pods() -> None:
    mine = job(manualSelector=True, selector={"matchLabels": {"a": "b"}})
    assert texts(validate_job(mine)) == [
        (
            f"spec.template.metadata.labels: Invalid value: {SHOWN}: `selector` does not match "
            "template `labels`"
        )
    ]


def test_a_malformed_selector_is_not_said_to_match_nothing_too() -> None:
    expression = {"key": "a", "operator": "Is"}
    mine = job(manualSelector=True, selector={"matchExpressions": [expression]})
    assert texts(validate_job(mine)) == [
        (
            'spec.selector.matchExpressions[0].operator: Invalid value: "Is": not a valid selector '
            "operator"
        )
    ]


def test_no_selector() -> None:
    built = job(manualSelector=True)
    spec = {key: value for key, value in built["spec"].items() if key != "selector"}
    template = {**spec["template"], "metadata": {}}
    found = texts(validate_job({**built, "spec": {**spec, "template": template}}))
    assert found == [
        "spec.selector: Required value",
        (
            "spec.template.metadata.labels: Invalid value: null: `selector` does not match "
            "template "
            "`labels`"
        ),
    ]


@pytest.mark.parametrize(("completions", "is_refused"), [(9, False), (10, False), (11, True)])
def test_the_pods_of_an_indexed_job_have_host_names(completions: int, *, is_refused: bool) -> None:
    name = "j" * 61
    built = job(metadata={"name": name}, completionMode="Indexed", completions=completions)
    found = [text for text in texts(validate_job(built)) if text.startswith("metadata.name")]
    host = f"{name}-{completions - 1}"
    error = f"will not able to create pod with invalid DNS label: {host}"
    assert found == ([f'metadata.name: Invalid value: "{name}": {error}'] if is_refused else [])


def test_an_update_says_what_the_registry_the_job_and_the_change_break() -> None:
    old = stored(job())
    new = {**old, "metadata": {**old["metadata"], "resourceVersion": ""}}
    new = {**new, "spec": {**new["spec"], "parallelism": -1}}
    assert texts(validate_job_update(new, old)) == [
        'metadata.resourceVersion: Invalid value: "": must be specified for an update',
        "spec.parallelism: Invalid value: -1: must be greater than or equal to 0",
        'metadata.resourceVersion: Invalid value: "": must be specified for an update',
        "spec.parallelism: Invalid value: -1: must be greater than or equal to 0",
    ]
