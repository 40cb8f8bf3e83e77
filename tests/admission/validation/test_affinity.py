import pytest

from localjobs.api.objects import Object
from tests.admission.validation.written import spec_errors

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
NODE = "spec.affinity.nodeAffinity"
POD = "spec.affinity.podAffinity"
KEY = "can not be empty"


def node_errors(term: Object) -> list[str]:
    affinity = {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [term]}}}
    path = f"{NODE}.{REQUIRED}.nodeSelectorTerms[0]."
    return [text.removeprefix(path) for text in spec_errors(affinity=affinity)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ({"key": "a", "operator": "In", "values": ["b"]}, []),
        ({"key": "a", "operator": "Gt", "values": ["1"]}, []),
        (
            {"key": "a", "operator": "NotIn"},
            ["values: Required value: must be specified when `operator` is 'In' or 'NotIn'"],
        ),
        (
            {"key": "a", "operator": "Exists", "values": ["b"]},
            [
                (
                    "values: Forbidden: may not be specified when `operator` is 'Exists' or "
                    "'DoesNotExist'"
                )
            ],
        ),
        (
            {"key": "a", "operator": "Lt", "values": ["1", "2"]},
            [
                (
                    "values: Required value: must be specified single value when `operator` is "
                    "'Lt' "
                    "or 'Gt'"
                )
            ],
        ),
        (
            {"key": "a", "operator": "Is", "values": ["x" * 64]},
            [
                'operator: Invalid value: "Is": not a valid selector operator',
                f'values[0]: Invalid value: "{"x" * 64}": must be no more than 63 bytes',
            ],
        ),
    ],
)
def test_a_requirement_on_nodes(expression: Object, expected: list[str]) -> None:
    found = node_errors({"matchExpressions": [expression]})
    assert found == [f"matchExpressions[0].{text}" for text in expected]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ({"key": "metadata.name", "operator": "In", "values": ["n"]}, []),
        (
            {"key": "metadata.name", "operator": "In", "values": ["n", "m"]},
            [
                (
                    "values: Required value: must be only one value when `operator` is 'In' or "
                    "'NotIn' for node field selector"
                )
            ],
        ),
        (
            {"key": "spec.x", "operator": "Exists"},
            [
                'operator: Invalid value: "Exists": not a valid selector operator',
                'key: Invalid value: "spec.x": not a valid field selector key',
            ],
        ),
    ],
)
def test_a_requirement_on_a_field_of_nodes(field: Object, expected: list[str]) -> None:
    found = node_errors({"matchFields": [field]})
    assert found == [f"matchFields[0].{text}" for text in expected]


def test_node_affinity_needs_a_term_and_weights_from_1_to_100() -> None:
    affinity = {
        "nodeAffinity": {
            REQUIRED: {"nodeSelectorTerms": []},
            PREFERRED: [
                {"weight": 101, "preference": {}},
                {
                    "weight": 1,
                    "preference": {
                        "matchExpressions": [{"key": "a", "operator": "In", "values": ["-bad-"]}]
                    },
                },
            ],
        }
    }
    assert spec_errors(affinity=affinity) == [
        (
            f"{NODE}.{REQUIRED}.nodeSelectorTerms: Required value: must have at least one node "
            "selector term"
        ),
        f"{NODE}.{PREFERRED}[0].weight: Invalid value: 101: must be in the range 1-100",
    ]


def test_a_term_about_pods() -> None:
    term = {
        "topologyKey": "zone",
        "labelSelector": {"matchExpressions": [{"key": "a", "operator": "In"}]},
        "namespaces": ["a.b"],
        "matchLabelKeys": ["k"],
        "mismatchLabelKeys": ["k"],
    }
    path = f"{POD}.{REQUIRED}[0]"
    assert spec_errors(affinity={"podAffinity": {REQUIRED: [term]}}) == [
        (
            f"{path}.labelSelector.matchExpressions[0].values: Required value: must be specified "
            "when "
            "`operator` is 'In' or 'NotIn'"
        ),
        f'{path}.namespace: Invalid value: "a.b": must not contain dots',
        (
            f'{path}.matchLabelKeys[0]: Invalid value: "k": exists in both matchLabelKeys and '
            "mismatchLabelKeys"
        ),
    ]


def test_label_keys_need_a_selector_that_has_them_at_most_once() -> None:
    bare = {"topologyKey": "zone", "matchLabelKeys": ["k"]}
    selector = {
        "matchLabels": {"k": "v"},
        "matchExpressions": [{"key": "k", "operator": "Exists"}],
    }
    anti = {REQUIRED: [bare, {**bare, "labelSelector": selector}]}
    path = f"spec.affinity.podAntiAffinity.{REQUIRED}"
    assert spec_errors(affinity={"podAntiAffinity": anti}) == [
        f"{path}[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set",
        f'{path}[1][0]: Invalid value: "k": exists in both matchLabelKeys and labelSelector',
    ]


def test_a_weighted_term_needs_a_topology_key() -> None:
    wish = {"weight": 0, "podAffinityTerm": {"topologyKey": ""}}
    found = spec_errors(affinity={"podAffinity": {PREFERRED: [wish]}})
    path = f"{POD}.{PREFERRED}[0]"
    assert found[:3] == [
        f"{path}.weight: Invalid value: 0: must be in the range 1-100",
        f"{path}.podAffinityTerm.topologyKey: Required value: {KEY}",
        f'{path}.podAffinityTerm.topologyKey: Invalid value: "": name part must be non-empty',
    ]
