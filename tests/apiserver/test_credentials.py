import stat
from pathlib import Path

import pytest
import yaml
from cryptography import x509

from localjobs.apiserver.credentials import Credentials, ensure, last_port, write_kubeconfig

NOW = 1_800_000_000.0
DAY = 86_400.0


def certificate(credentials: Credentials) -> x509.Certificate:
    return x509.load_pem_x509_certificate(credentials.certificate.read_bytes())


def test_credentials_are_kept(tmp_path: Path) -> None:
    first = ensure(tmp_path, "127.0.0.1", NOW)
    serial = certificate(first).serial_number
    second = ensure(tmp_path, "127.0.0.1", NOW + DAY)
    assert second == first
    assert certificate(second).serial_number == serial


def test_what_is_secret_is_private(tmp_path: Path) -> None:
    credentials = ensure(tmp_path, "127.0.0.1", NOW)
    write_kubeconfig(tmp_path / "kubeconfig", credentials, "https://127.0.0.1:1")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert set(modes) == {"ca.crt", "tls.crt", "tls.key", "token", "kubeconfig"}
    assert set(modes.values()) == {0o600}
    assert credentials.token not in repr(credentials)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "192.0.2.7", "jobs.example.com"])
def test_the_certificate_is_for_the_address(tmp_path: Path, address: str) -> None:
    found = certificate(ensure(tmp_path, address, NOW))
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    known = [str(one.value) for one in names]
    assert {"localhost", "127.0.0.1", "::1", address} == set(known)


def test_another_address_or_a_late_day_makes_a_new_certificate(tmp_path: Path) -> None:
    first = ensure(tmp_path, "127.0.0.1", NOW)
    token, serial = first.token, certificate(first).serial_number
    elsewhere = certificate(ensure(tmp_path, "192.0.2.7", NOW)).serial_number
    later = certificate(ensure(tmp_path, "192.0.2.7", NOW + 3640 * DAY)).serial_number
    assert len({serial, elsewhere, later}) == 3
    assert ensure(tmp_path, "192.0.2.7", NOW + 3640 * DAY).token == token


def test_damaged_files_are_made_anew(tmp_path: Path) -> None:
    ensure(tmp_path, "127.0.0.1", NOW)
    (tmp_path / "tls.crt").write_text("nonsense")
    (tmp_path / "token").write_text("")
    found = ensure(tmp_path, "127.0.0.1", NOW)
    assert certificate(found).serial_number
    assert len(found.token) >= 32


@pytest.mark.parametrize(
    ("header", "admitted"),
    [
        ("Bearer {}", True),
        ("bearer {}", True),
        ("Bearer  {} ", True),
        ("Bearer {}x", False),
        ("Basic {}", False),
        ("{}", False),
        ("Bearer", False),
        ("Bearer ü", False),
        ("", False),
    ],
)
def test_only_the_token_is_admitted(tmp_path: Path, header: str, *, admitted: bool) -> None:
    credentials = ensure(tmp_path, "127.0.0.1", NOW)
    assert credentials.admits(header.format(credentials.token)) is admitted


def test_a_kubeconfig_leads_to_the_server(tmp_path: Path) -> None:
    credentials = ensure(tmp_path, "127.0.0.1", NOW)
    path = tmp_path / "kubeconfig"
    write_kubeconfig(path, credentials, "https://127.0.0.1:4321")
    config = yaml.safe_load(path.read_text())
    assert config["users"][0]["user"] == {"token": credentials.token}
    assert config["current-context"] == config["contexts"][0]["name"]
    assert last_port(path) == 4321


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "clusters: []", "clusters: [{cluster: {server: x}}]"]
)
def test_a_kubeconfig_that_says_no_port_says_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "kubeconfig"
    assert last_port(path) == 0
    path.write_text(text)
    assert last_port(path) == 0
