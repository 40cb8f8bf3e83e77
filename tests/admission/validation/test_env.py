import pytest

from localjobs.api.objects import Object
from tests.admission.validation.written import container_errors, spec_errors

NO_SOURCE = (
    'Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, '
    "`secretKeyRef` or `fileKeyRef`"
)
RESOURCES = (
    '"limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", '
    '"requests.ephemeral-storage", "requests.memory"'
)
SIZES = "1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"fieldRef": {"fieldPath": "metadata.name"}}, []),
        ({"fieldRef": {"fieldPath": "metadata.labels['a']"}}, []),
        ({"fieldRef": {"fieldPath": "metadata.annotations['A/B']"}}, []),
        ({"fieldRef": {"fieldPath": "status.hostIPs"}}, []),
        ({"fieldRef": {"fieldPath": "spec.host"}}, []),
        ({"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}}, []),
        ({"resourceFieldRef": {"resource": "limits.hugepages-2Mi"}}, []),
        ({"configMapKeyRef": {"name": "m", "key": "k"}}, []),
        ({"fileKeyRef": {"volumeName": "v", "path": "f", "key": "K"}}, []),
        ({}, [f": {NO_SOURCE}"]),
        (
            {"fieldRef": {"fieldPath": ""}},
            [".fieldRef.fieldPath: Required value"],
        ),
        (
            {"fieldRef": {"fieldPath": "status.phase"}},
            [
                (
                    '.fieldRef.fieldPath: Unsupported value: "status.phase": supported values: '
                    '"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", '
                    '"spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", '
                    '"status.podIPs"'
                )
            ],
        ),
        (
            {"fieldRef": {"fieldPath": "spec.nodeName['a']"}},
            [
                (
                    ".fieldRef.fieldPath: Invalid value: \"spec.nodeName['a']\": error converting "
                    "fieldPath: field label does not support subscript: spec.nodeName['a']"
                )
            ],
        ),
        (
            {"fieldRef": {"fieldPath": "metadata.labels['']"}},
            [
                '.fieldRef: Invalid value: "": name part must be non-empty',
                (
                    '.fieldRef: Invalid value: "": name part must consist of alphanumeric '
                    "characters, '-', '_' or '.', and must start and end with an alphanumeric "
                    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
                    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
                ),
            ],
        ),
        (
            {"resourceFieldRef": {"resource": "limits.gpu"}},
            [
                (
                    f'.resourceFieldRef.resource: Unsupported value: "limits.gpu": supported '
                    "values: "
                    f"{RESOURCES}"
                )
            ],
        ),
        (
            {"resourceFieldRef": {"resource": "requests.cpu", "divisor": "1k"}},
            [
                (
                    '.resourceFieldRef.divisor: Invalid value: "requests.cpu": only divisor\'s '
                    "values "
                    "1m and 1 are supported with the cpu resource"
                )
            ],
        ),
        (
            {"resourceFieldRef": {"resource": "limits.ephemeral-storage", "divisor": "3"}},
            [
                (
                    '.resourceFieldRef.divisor: Invalid value: "limits.ephemeral-storage": only '
                    f"divisor's values {SIZES} are supported with the local ephemeral storage "
                    "resource"
                )
            ],
        ),
        (
            {"resourceFieldRef": {"resource": "requests.hugepages-1Gi", "divisor": "2Mi"}},
            [
                (
                    '.resourceFieldRef.divisor: Invalid value: "requests.hugepages-1Gi": only '
                    f"divisor's values {SIZES} are supported with the hugepages resource"
                )
            ],
        ),
        (
            {"secretKeyRef": {"name": "s", "key": ".."}},
            [".secretKeyRef.key: Invalid value: \"..\": must not be '..'"],
        ),
        ({"secretKeyRef": {"name": "s", "key": ""}}, [".secretKeyRef.key: Required value"]),
        (
            {"fileKeyRef": {"volumeName": "v", "path": "../f", "key": "a=b"}},
            [
                (
                    '.fileKeyRef.key: Invalid value: "a=b": a valid environment variable name must '
                    "consist only of printable ASCII characters other than '='"
                ),
                ".fileKeyRef.path: Invalid value: \"../f\": must not contain '..'",
            ],
        ),
    ],
)
def test_a_variable_takes_its_value_from_one_well_formed_source(
    source: Object, expected: list[str]
) -> None:
    variables = [{"name": "A", "valueFrom": source}]
    container = {"name": "c", "image": "i", "env": variables}
    found = spec_errors(containers=[container], volumes=[{"name": "v", "emptyDir": {}}])
    path = "spec.containers[0].env[0].valueFrom"
    assert [text.removeprefix(path) for text in found] == expected


def test_a_variable_has_one_source_and_no_value_beside_it() -> None:
    two = {"configMapKeyRef": {"name": "m", "key": "k"}, "secretKeyRef": {"name": "s", "key": "k"}}
    variables = [
        {"name": "A", "valueFrom": two},
        {"name": "B", "value": "b", "valueFrom": two},
        {"name": ""},
    ]
    assert container_errors(env=variables) == [
        'env[0].valueFrom: Invalid value: "": may not have more than one field specified at a time',
        'env[1].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
        "env[2].name: Required value",
    ]


def test_whole_config_maps_and_secrets() -> None:
    sources = [
        {"prefix": "P_", "configMapRef": {"name": "m-"}},
        {},
        {"configMapRef": {"name": "m"}, "secretRef": {"name": ""}},
        {"prefix": "=", "secretRef": {"name": "s"}},
    ]
    assert container_errors(envFrom=sources) == [
        'envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`',
        "envFrom[2].secretRef.name: Required value",
        'envFrom: Invalid value: "": may not have more than one field specified at a time',
        (
            'envFrom[3].prefix: Invalid value: "=": a valid environment variable name must consist '
            "only of printable ASCII characters other than '='"
        ),
    ]


def test_a_file_of_variables_lies_in_an_empty_dir() -> None:
    def variable(volume: str) -> Object:
        reference = {"volumeName": volume, "path": "f", "key": "K"}
        return {"name": "A", "valueFrom": {"fileKeyRef": reference}}

    container = {"name": "c", "image": "i", "env": [variable("gone"), variable("host")]}
    volumes = [{"name": "host", "hostPath": {"path": "/x"}}]
    path = "spec.containers[0].env"
    assert spec_errors(containers=[container], volumes=volumes) == [
        f'{path}[0].valueFrom.fileKeyRef.volumeName: Not found: "gone"',
        (
            f'{path}[1].valueFrom.fileKeyRef.volumeName: Invalid value: "host": '
            "referenced volume must be of type emptyDir"
        ),
    ]
