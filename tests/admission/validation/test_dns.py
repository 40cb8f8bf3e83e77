import pytest

from localjobs.admission.validation.dns import check_address
from localjobs.api.objects import Object
from tests.admission.validation.written import spec_errors, texts

BAD_IP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
PATH = "spec.dnsConfig"


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"nameservers": ["1.1.1.1"], "searches": ["a.b.", ".", "_x.y"]}, []),
        (
            {"nameservers": ["1.1.1.1", "2.2.2.2", "3.3.3.3", "four"]},
            [
                (
                    '.nameservers: Invalid value: ["1.1.1.1","2.2.2.2","3.3.3.3","four"]: must not '
                    "have more than 3 nameservers"
                ),
                f'.nameservers[3]: Invalid value: "four": {BAD_IP}',
            ],
        ),
        (
            {"searches": ["A."]},
            [
                (
                    '.searches[0]: Invalid value: "A": a lowercase RFC 1123 subdomain must consist '
                    "of "
                    "lower case alphanumeric characters, '_', '-' or '.', and must start and end "
                    "with "
                    "an alphanumeric character (e.g. 'example.com', regex used for validation is "
                    "'_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')"
                )
            ],
        ),
        ({"options": [{"name": "x"}, {}]}, [".options[1]: Required value: must not be empty"]),
    ],
)
def test_the_configuration(config: Object, expected: list[str]) -> None:
    assert spec_errors(dnsConfig=config) == [PATH + text for text in expected]


def test_search_lists_are_bounded() -> None:
    long = spec_errors(dnsConfig={"searches": [f"{'a' * 60}.x"] * 33})
    assert [text.rpartition("]: ")[2] for text in long] == [
        "must not have more than 32 search paths",
        "must not have more than 2048 characters (including spaces) in the search list",
    ]


def test_without_a_policy_the_configuration_names_servers() -> None:
    assert spec_errors(dnsPolicy="None") == [
        f"{PATH}: Required value: must provide `dnsConfig` when `dnsPolicy` is None"
    ]
    assert spec_errors(dnsPolicy="None", dnsConfig={"searches": ["A"]}) == [
        (
            f"{PATH}.nameservers: Required value: must provide at least one DNS nameserver when "
            "`dnsPolicy` is None"
        )
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("10.9.8.7", ""),
        ("2001:db8::ffff", ""),
        ("2001:0db8::1", ""),
        ("010.9.8.7", "must not have leading 0s"),
        ("00000010.9.8.7", "must not have leading 0s"),
        ("0.0.0.0", ""),
        ("64:ff9b::01.2.3.4", "must not have leading 0s"),
        ("::ffff:1.2.3.04", "must not have leading 0s"),
        ("::ffff:1.2.3.4", "must not be an IPv4-mapped IPv6 address"),
        ("256.1.1.1", BAD_IP),
        ("1.2.3", BAD_IP),
        ("fe80::1%eth0", BAD_IP),
        ("", BAD_IP),
    ],
)
def test_an_address(text: str, problem: str) -> None:
    assert texts(check_address(text, "ip")) == (
        [f'ip: Invalid value: "{text}": {problem}'] if problem else []
    )


def test_host_aliases() -> None:
    aliases = [{"ip": "1.2.3.4", "hostnames": ["a.b"]}, {"ip": "x", "hostnames": ["A"]}]
    found = spec_errors(hostAliases=aliases)
    assert found[0] == f'spec.hostAliases[1].ip: Invalid value: "x": {BAD_IP}'
    assert found[1].startswith('spec.hostAliases[1].hostnames[0]: Invalid value: "A": a lowercase')


def test_a_host_name_that_replaces_the_pods() -> None:
    name = "a" * 65
    path = "spec.hostnameOverride"
    found = spec_errors(hostnameOverride=name, setHostnameAsFQDN=True, hostNetwork=True)
    assert found == [
        f"{path}: Forbidden: may not be specified when setHostnameAsFQDN is true",
        f"{path}: Forbidden: may not be specified when hostNetwork is true",
        f"{path}: Too long: may not be more than 64 bytes",
    ]
