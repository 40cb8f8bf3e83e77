import pytest

from localjobs.admission.label_keys import with_label_keys
from localjobs.api.objects import Object

LABELS = {"hash": "1", "tier": "web"}
KEYS = {"matchLabelKeys": ["hash", "missing"], "mismatchLabelKeys": ["tier"]}
ADDED = [
    {"key": "hash", "operator": "In", "values": ["1"]},
    {"key": "tier", "operator": "NotIn", "values": ["web"]},
]
EXISTS = {"key": "a", "operator": "Exists"}


@pytest.mark.parametrize("kind", ["podAffinity", "podAntiAffinity"])
def test_terms_of_affinity_select_by_the_labels_of_their_pod(kind: str) -> None:
    term = {"topologyKey": "z", "labelSelector": {"matchExpressions": [EXISTS]}, **KEYS}
    spec = {
        "affinity": {
            "nodeAffinity": {},
            kind: {
                "requiredDuringSchedulingIgnoredDuringExecution": [term],
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {"weight": 1, "podAffinityTerm": term}
                ],
            },
        }
    }
    selecting = {**term, "labelSelector": {"matchExpressions": [EXISTS, *ADDED]}}
    assert with_label_keys(spec, LABELS) == {
        "affinity": {
            "nodeAffinity": {},
            kind: {
                "requiredDuringSchedulingIgnoredDuringExecution": [selecting],
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {"weight": 1, "podAffinityTerm": selecting}
                ],
            },
        }
    }


@pytest.mark.parametrize(
    "constraint",
    [KEYS, {"labelSelector": {}, "matchLabelKeys": ["missing"]}, {"labelSelector": {}}],
)
def test_without_a_selector_or_the_labels_nothing_changes(constraint: Object) -> None:
    spec: Object = {"topologySpreadConstraints": [constraint]}
    assert with_label_keys(spec, LABELS) is spec
