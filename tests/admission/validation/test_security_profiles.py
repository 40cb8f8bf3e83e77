import pytest

from localjobs.admission.validation.pod_template import validate_pod_template
from localjobs.api.objects import Object
from tests.admission.validation.written import CONTAINER, container_errors, job, spec_errors, texts

TYPES = '"Localhost", "RuntimeDefault", "Unconfined"'
SECCOMP = "seccomp.security.alpha.kubernetes.io/pod"
SECCOMP_C = "container.seccomp.security.alpha.kubernetes.io/c"
APPARMOR_C = "container.apparmor.security.beta.kubernetes.io/c"


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ({"type": "RuntimeDefault"}, []),
        ({"type": "Localhost", "localhostProfile": "a/b.json"}, []),
        (
            {"type": "Localhost"},
            [".localhostProfile: Required value: must be set when seccomp type is Localhost"],
        ),
        (
            {"type": "Localhost", "localhostProfile": "/a"},
            ['.localhostProfile: Invalid value: "/a": must be a relative path'],
        ),
        (
            {"type": "Loud", "localhostProfile": "a"},
            [
                f'.type: Unsupported value: "Loud": supported values: {TYPES}',
                (
                    '.localhostProfile: Invalid value: {"Type":"Loud","LocalhostProfile":"a"}: '
                    "can only be set when seccomp type is Localhost"
                ),
            ],
        ),
        (
            {"type": ""},
            [".type: Required value: type is required when seccompProfile is set"],
        ),
    ],
)
def test_seccomp(profile: Object, expected: list[str]) -> None:
    found = spec_errors(securityContext={"seccompProfile": profile})
    assert found == [f"spec.securityContext.seccompProfile{text}" for text in expected]


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ({"type": "Localhost", "localhostProfile": "a"}, []),
        (
            {"type": "Localhost", "localhostProfile": " a"},
            ['.localhostProfile: Invalid value: " a": must not be padded with whitespace'],
        ),
        (
            {"type": "Localhost", "localhostProfile": ""},
            [".localhostProfile: Required value: must be set when AppArmor type is Localhost"],
        ),
        (
            {"type": "Localhost", "localhostProfile": "a" * 4096},
            [".localhostProfile: Too long: may not be more than 4095 bytes"],
        ),
        (
            {"type": "Unconfined", "localhostProfile": "a"},
            [
                (
                    '.localhostProfile: Invalid value: "a": can only be set when AppArmor type is '
                    "Localhost"
                )
            ],
        ),
        ({"type": ""}, [".type: Required value: type is required when appArmorProfile is set"]),
        ({"type": "X"}, [f'.type: Unsupported value: "X": supported values: {TYPES}']),
    ],
)
def test_apparmor(profile: Object, expected: list[str]) -> None:
    found = container_errors(securityContext={"appArmorProfile": profile})
    assert found == [f"securityContext.appArmorProfile{text}" for text in expected]


def annotation_errors(annotations: dict[str, str], **spec: object) -> list[str]:
    template = {"metadata": {"annotations": annotations}, "spec": spec}
    built = job(template=template)["spec"]["template"]
    return texts(validate_pod_template(built, "t"))


def test_the_annotations_before_the_fields() -> None:
    found = annotation_errors(
        {
            SECCOMP: "localhost//x",
            SECCOMP_C: "some",
            APPARMOR_C: "some",
            "container.apparmor.security.beta.kubernetes.io/gone": "localhost/x",
        }
    )
    assert found == [
        f't.annotations.{SECCOMP}: Invalid value: "/x": must be a relative path',
        f't.annotations.{SECCOMP_C}: Invalid value: "some": must be a valid seccomp profile',
        (
            f't.annotations[{APPARMOR_C}]: Invalid value: "some": invalid AppArmor profile name: '
            '"some"'
        ),
        (
            "t.annotations[container.apparmor.security.beta.kubernetes.io/gone]: Invalid value: "
            '"gone": container not found'
        ),
    ]


@pytest.mark.parametrize(
    ("annotation", "profile", "member"),
    [
        ("runtime/default", {"type": "RuntimeDefault"}, ""),
        ("docker/default", {"type": "RuntimeDefault"}, ""),
        ("unconfined", {"type": "RuntimeDefault"}, "type"),
        ("runtime/default", {"type": "Unconfined"}, "type"),
        ("unconfined", {"type": "Localhost", "localhostProfile": "a"}, "type"),
        ("localhost/b", {"type": "Localhost", "localhostProfile": "a"}, "profile"),
        ("localhost/a", {"type": "Localhost", "localhostProfile": "a"}, ""),
    ],
)
def test_seccomp_annotation_and_field_agree(annotation: str, profile: Object, member: str) -> None:
    container = {**CONTAINER, "securityContext": {"seccompProfile": profile}}
    found = annotation_errors({SECCOMP_C: annotation}, containers=[container])
    path = "t.spec.containers[0].securityContext.seccompProfile"
    expected = {
        "": [],
        "type": [f"{path}.type: Forbidden: seccomp type in annotation and field must match"],
        "profile": [
            (
                f"{path}.localhostProfile: Forbidden: seccomp profile in annotation and field must "
                "match"
            )
        ],
    }
    assert found == expected[member]


def test_a_container_has_its_pods_apparmor_profile() -> None:
    context = {"appArmorProfile": {"type": "RuntimeDefault"}}
    found = annotation_errors({APPARMOR_C: "unconfined"}, securityContext=context)
    assert found == [
        (
            "t.spec.containers[0].securityContext.appArmorProfile.type: Forbidden: apparmor type "
            "in "
            "annotation and field must match"
        )
    ]
