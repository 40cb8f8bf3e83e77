import pytest

from localjobs.api.objects import Object
from tests.admission.validation.volumes.test_volume import source_errors

GOOD = "iqn.2001-04.com.example:storage.kube.sys1.xyz"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, []),
        ({"iqn": "eui.0123456789ABCDEF"}, []),
        ({"iqn": "naa." + "6" * 32, "initiatorName": GOOD}, []),
        ({"targetPortal": "", "iqn": ""}, ["targetPortal: Required value", "iqn: Required value"]),
        (
            {"iqn": "nope"},
            ['iqn: Invalid value: "nope": must be valid format starting with iqn, eui, or naa'],
        ),
        ({"iqn": "iqn.2001-04"}, ['iqn: Invalid value: "iqn.2001-04": must be valid format']),
        ({"lun": 256}, ["lun: Invalid value: 256: must be between 0 and 255, inclusive"]),
        ({"chapAuthSession": True}, ["secretRef: Required value"]),
        (
            {"initiatorName": "eui.short"},
            ['initiatorname: Invalid value: "eui.short": must be valid format'],
        ),
    ],
)
def test_iscsi(members: Object, expected: list[str]) -> None:
    disk = {"targetPortal": "1.2.3.4", "iqn": GOOD, **members}
    assert source_errors(iscsi=disk) == [f"iscsi.{text}" for text in expected]


def test_with_an_initiator_the_names_of_volume_and_portal_are_short_together() -> None:
    disk = {"targetPortal": "p" * 63, "iqn": GOOD, "initiatorName": GOOD}
    assert source_errors(iscsi=disk) == [
        (
            'name: Invalid value: "v": Total length of <volume name>:<iscsi.targetPortal> must be '
            "under 64 characters if iscsi.initiatorName is specified."
        )
    ]


@pytest.mark.parametrize(
    ("disk", "expected"),
    [
        ({"targetWWNs": ["a"], "lun": 0}, []),
        ({"wwids": ["a"]}, []),
        (
            {},
            ["targetWWNs: Required value: must specify either targetWWNs or wwids, but not both"],
        ),
        (
            {"targetWWNs": ["a"], "wwids": ["b"]},
            [
                (
                    'targetWWNs: Invalid value: ["a"]: targetWWNs and wwids can not be specified '
                    "simultaneously"
                ),
                "lun: Required value: lun is required if targetWWNs is specified",
            ],
        ),
        (
            {"targetWWNs": ["a"], "lun": -1},
            ["lun: Invalid value: -1: must be between 0 and 255, inclusive"],
        ),
    ],
)
def test_fibre_channel(disk: Object, expected: list[str]) -> None:
    assert source_errors(fc=disk) == [f"fc.{text}" for text in expected]
