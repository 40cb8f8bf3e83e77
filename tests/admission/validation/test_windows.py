import pytest

from localjobs.admission.validation.windows import validate_windows_options
from localjobs.api.objects import Object
from tests.admission.validation.written import CONTAINER, spec_errors

LINUX_ONLY = "Forbidden: cannot be set for a windows pod"


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("User", []),
        ("DOMAIN\\User", []),
        ("a.example.com\\User", []),
        ("", ["runAsUserName cannot be an empty string"]),
        ("a\tb", ["runAsUserName cannot contain control characters"]),
        ("a\\b\\c", ["runAsUserName cannot contain more than one backslash"]),
        (".bad:\\u", ["runAsUserName's Domain doesn't match the NetBios nor the DNS format"]),
        ("D\\", ["runAsUserName's User cannot be empty"]),
        (". .", ["runAsUserName's User cannot contain only periods or spaces"]),
        ("u" * 105, ["runAsUserName's User length must not be longer than 104 characters"]),
        (
            "a@b",
            ["runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]"],
        ),
    ],
)
def test_whom_a_container_runs_as(user: str, expected: list[str]) -> None:
    found = validate_windows_options({"runAsUserName": user}, "w")
    assert [error.detail for error in found] == expected


def test_credential_specs() -> None:
    options = {"gmsaCredentialSpecName": "A", "gmsaCredentialSpec": ""}
    found = spec_errors(securityContext={"windowsOptions": options})
    path = "spec.securityContext.windowsOptions"
    assert found[0].startswith(f'{path}.gmsaCredentialSpecName: Invalid value: "A": a lowercase')
    assert found[1:] == [
        (
            f'{path}.gmsaCredentialSpec: Invalid value: "": gmsaCredentialSpec cannot be an empty '
            "string"
        )
    ]


def test_host_process_containers_are_all_or_none_on_the_hosts_network() -> None:
    host = {**CONTAINER, "securityContext": {"windowsOptions": {"hostProcess": True}}}
    assert spec_errors(containers=[host, {"name": "d", "image": "x"}]) == [
        (
            'spec: Invalid value: "": If pod contains any hostProcess containers then all '
            "containers "
            "must be HostProcess containers"
        ),
        (
            "spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any "
            "hostProcess containers"
        ),
    ]
    assert spec_errors(containers=[host], hostNetwork=True) == []


def test_a_container_says_what_its_pod_says() -> None:
    own = {**CONTAINER, "securityContext": {"windowsOptions": {"hostProcess": False}}}
    context = {"windowsOptions": {"hostProcess": True}}
    assert spec_errors(containers=[own], securityContext=context) == [
        (
            "spec.containers[0].securityContext.windowsOptions.hostProcess: Invalid value: false: "
            "pod "
            "hostProcess value must be identical if both are specified, was true"
        )
    ]


def test_linux_refuses_windows_options() -> None:
    options: Object = {"windowsOptions": {}}
    found = spec_errors(
        os={"name": "linux"},
        securityContext=options,
        containers=[{**CONTAINER, "securityContext": options}],
    )
    refusal = "Forbidden: windows options cannot be set for a linux pod"
    assert found == [
        f"spec.securityContext.windowsOptions: {refusal}",
        f"spec.containers[0].securityContext.windowsOptions: {refusal}",
    ]


def test_windows_refuses_linux_options_in_order() -> None:
    found = spec_errors(
        os={"name": "windows"},
        hostPID=True,
        shareProcessNamespace=False,
        securityContext={"runAsUser": 1, "fsGroup": 1, "seLinuxOptions": {}},
        containers=[{**CONTAINER, "securityContext": {"privileged": False, "capabilities": {}}}],
    )
    assert found == [
        f"spec.securityContext.seLinuxOptions: {LINUX_ONLY}",
        f"spec.hostPID: {LINUX_ONLY}",
        f"spec.securityContext.fsGroup: {LINUX_ONLY}",
        f"spec.shareProcessNamespace: {LINUX_ONLY}",
        f"spec.securityContext.runAsUser: {LINUX_ONLY}",
        f"spec.containers[0].securityContext.capabilities: {LINUX_ONLY}",
        f"spec.containers[0].securityContext.privileged: {LINUX_ONLY}",
    ]


def test_the_system_is_a_known_one() -> None:
    assert spec_errors(os={"name": ""}) == ["spec.os.name: Required value: cannot be empty"]
    assert spec_errors(os={"name": "plan9"}) == [
        'spec.os: Unsupported value: "plan9": supported values: "linux", "windows"'
    ]
