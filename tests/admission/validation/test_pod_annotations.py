import pytest

from localjobs.admission.validation.pod import validate_pod, validate_pod_update
from localjobs.admission.validation.pod_annotations import validate_pod_annotations
from tests.admission.validation.written import pod, stored, texts

MIRROR = "kubernetes.io/config.mirror"
COST = "controller.kubernetes.io/pod-deletion-cost"
TOLERATIONS = "scheduler.alpha.kubernetes.io/tolerations"
APPARMOR = "container.apparmor.security.beta.kubernetes.io/c"


def errors_of(annotations: dict[str, str]) -> list[str]:
    return texts(validate_pod_annotations(pod(metadata={"annotations": annotations}), "a"))


def test_a_mirror_pod_has_a_node() -> None:
    assert errors_of({MIRROR: "x"}) == [
        f'a[{MIRROR}]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set'
    ]
    mirror = pod(metadata={"annotations": {MIRROR: "x"}}, nodeName="n")
    assert validate_pod(mirror) == []


@pytest.mark.parametrize(
    ("cost", "is_refused"),
    [
        ("0", False),
        ("-7", False),
        ("2147483647", False),
        ("2147483648", True),
        ("07", True),
        ("+7", True),
        ("-", True),
        ("", True),
        ("x", True),
    ],
)
def test_a_deletion_cost_is_a_32_bit_integer(cost: str, *, is_refused: bool) -> None:
    error = f'a[{COST}]: Invalid value: "{cost}": must be a 32bit integer'
    assert errors_of({COST: cost}) == ([error] if is_refused else [])


def test_tolerations_in_an_annotation() -> None:
    assert errors_of({TOLERATIONS: '[{"operator":"Exists"}]'}) == []
    assert errors_of({TOLERATIONS: '[{"key":"a","effect":"Run"}]'}) == [
        (
            f'a.{TOLERATIONS}[0].effect: Unsupported value: "Run": supported values: "NoSchedule", '
            '"PreferNoSchedule", "NoExecute"'
        )
    ]
    (error,) = errors_of({TOLERATIONS: "x"})
    assert error.startswith(f'a: Invalid value: "{TOLERATIONS}": ')


def test_profiles_and_mirrors_do_not_come_or_go() -> None:
    old = stored(pod(metadata={"annotations": {MIRROR: "x"}}, nodeName="n"))
    new = stored(pod(metadata={"annotations": {APPARMOR: "runtime/default"}}, nodeName="n"))
    assert texts(validate_pod_update(new, old)) == [
        (
            f"metadata.annotations[{MIRROR}]: Forbidden: may not remove or update mirror pod "
            "annotation"
        ),
        f"metadata.annotations[{APPARMOR}]: Forbidden: may not add AppArmor annotations",
    ]
