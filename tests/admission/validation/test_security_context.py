import pytest

from localjobs.admission.validation.security_context import sysctl_namespace
from localjobs.api.objects import Object
from tests.admission.validation.written import CONTAINER, container_errors, spec_errors

RANGE = "must be between 0 and 2147483647, inclusive"
NO_USERS = "Forbidden: when `hostUsers` is false"
SHOWN = (
    '{"Capabilities":{"Add":["CAP_SYS_ADMIN"],"Drop":null},"Privileged":true,'
    '"SELinuxOptions":null,"WindowsOptions":null,"RunAsUser":null,"RunAsGroup":null,'
    '"RunAsNonRoot":null,"ReadOnlyRootFilesystem":null,"AllowPrivilegeEscalation":false,'
    '"ProcMount":null,"SeccompProfile":null,"AppArmorProfile":null}'
)


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({"runAsUser": 0, "privileged": True}, []),
        ({"runAsUser": -1}, [f".runAsUser: Invalid value: -1: {RANGE}"]),
        ({"runAsGroup": 2**31}, [f".runAsGroup: Invalid value: 2147483648: {RANGE}"]),
        (
            {"procMount": "Half"},
            ['.procMount: Unsupported value: "Half": supported values: "Default", "Unmasked"'],
        ),
        (
            {"procMount": "Unmasked"},
            ['.procMount: Invalid value: "Unmasked": `hostUsers` must be false to use `Unmasked`'],
        ),
        (
            {
                "allowPrivilegeEscalation": False,
                "privileged": True,
                "capabilities": {"add": ["CAP_SYS_ADMIN"]},
            },
            [
                (
                    f": Invalid value: {SHOWN}: cannot set `allowPrivilegeEscalation` to false and "
                    "`privileged` to true"
                ),
                (
                    f": Invalid value: {SHOWN}: cannot set `allowPrivilegeEscalation` to false and "
                    "`capabilities.Add` CAP_SYS_ADMIN"
                ),
            ],
        ),
    ],
)
def test_a_containers_context(context: Object, expected: list[str]) -> None:
    found = container_errors(securityContext=context)
    assert found == [f"securityContext{text}" for text in expected]


def test_proc_is_unmasked_in_a_user_namespace() -> None:
    containers = [{**CONTAINER, "securityContext": {"procMount": "Unmasked"}}]
    assert spec_errors(containers=containers, hostUsers=False) == []


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({"fsGroup": 1, "supplementalGroups": [0, 2]}, []),
        (
            {"fsGroup": -1, "supplementalGroups": [1, -2]},
            [
                f".fsGroup: Invalid value: -1: {RANGE}",
                f".supplementalGroups[1]: Invalid value: -2: {RANGE}",
            ],
        ),
        (
            {"fsGroupChangePolicy": "Never", "supplementalGroupsPolicy": "Some"},
            [
                (
                    '.fsGroupChangePolicy: Unsupported value: "Never": supported values: "Always", '
                    '"OnRootMismatch"'
                ),
                (
                    '.supplementalGroupsPolicy: Unsupported value: "Some": supported values: '
                    '"Merge", '
                    '"Strict"'
                ),
            ],
        ),
        (
            {"seLinuxChangePolicy": "MountOption"},
            [
                (
                    '.seLinuxChangePolicy: Unsupported value: "MountOption": supported values: '
                    '"Recursive"'
                )
            ],
        ),
        (
            {
                "sysctls": [
                    {"name": "net.core.somaxconn", "value": "1"},
                    {"name": "net.core.somaxconn", "value": "2"},
                    {"name": "Bad", "value": ""},
                    {"name": "", "value": ""},
                ]
            },
            [
                '.sysctls[1].name: Duplicate value: "net.core.somaxconn"',
                (
                    '.sysctls[2].name: Invalid value: "Bad": must have at most 253 characters and '
                    "match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*"
                    "[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
                ),
                ".sysctls[3].name: Required value",
            ],
        ),
    ],
)
def test_a_pods_context(context: Object, expected: list[str]) -> None:
    found = spec_errors(securityContext=context)
    assert found == [f"spec.securityContext{text}" for text in expected]


def test_sysctls_of_a_namespace_that_is_the_hosts() -> None:
    sysctls = [{"name": n, "value": "1"} for n in ("net/ipv4/x", "kernel.shmmax", "kernel.other")]
    path = "spec.securityContext.sysctls"
    found = spec_errors(securityContext={"sysctls": sysctls}, hostNetwork=True, hostIPC=True)
    assert found == [
        (
            f'{path}[0].name: Invalid value: "net/ipv4/x": may not be specified when '
            "'hostNetwork' "
            "is true"
        ),
        (
            f'{path}[1].name: Invalid value: "kernel.shmmax": may not be specified when '
            "'hostIPC' "
            "is true"
        ),
    ]


@pytest.mark.parametrize(
    ("name", "namespace"),
    [
        ("kernel.sem", "ipc"),
        ("kernel/msgmax", "ipc"),
        ("fs.mqueue.msg_max", "ipc"),
        ("net/ipv4/conf/eno2.100/rp_filter", "net"),
        ("vm.swappiness", ""),
    ],
)
def test_where_a_sysctl_belongs(name: str, namespace: str) -> None:
    assert sysctl_namespace(name) == namespace


def test_processes_are_shared_with_the_pod_or_with_the_host() -> None:
    assert spec_errors(shareProcessNamespace=True, hostPID=True) == [
        (
            "spec.securityContext.shareProcessNamespace: Invalid value: true: "
            "ShareProcessNamespace "
            "and HostPID cannot both be enabled"
        )
    ]


def test_a_user_namespace_goes_with_no_namespace_of_the_host() -> None:
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "v"}}]
    devices = [{"name": "v", "devicePath": "/d"}]
    found = spec_errors(
        hostUsers=False,
        hostNetwork=True,
        hostPID=True,
        hostIPC=True,
        volumes=volumes,
        containers=[{**CONTAINER, "volumeDevices": devices}],
    )
    assert found == [
        f"spec.hostNetwork: {NO_USERS}",
        f"spec.HostPID: {NO_USERS}",
        f"spec.HostIPC: {NO_USERS}",
        f"spec.containers[0].volumeDevices: {NO_USERS}",
    ]
