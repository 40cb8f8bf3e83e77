"""Who may talk to the API: one certificate and one bearer token per directory.

They are made at the first start and kept, private to their owner, so that a kubeconfig goes on
working when the daemon is restarted.
"""

import datetime
import hmac
import ipaddress
import os
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import yaml

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

_VALID_FOR = datetime.timedelta(days=3650)
_RENEWED_BEFORE = datetime.timedelta(days=30)
_CLOCK_SKEW = datetime.timedelta(hours=1)
_PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class Credentials:
    """Paths of the authority's certificate, the server's and its key; and the token."""

    authority: Path
    certificate: Path
    key: Path
    token: str = field(repr=False)

    def admits(self, authorization: str) -> bool:
        """Whether an Authorization header carries the token."""
        scheme, _, given = authorization.partition(" ")
        return scheme.lower() == "bearer" and self.is_token(given.strip())

    def is_token(self, given: str) -> bool:
        """Whether this is the token, found out in a time that does not tell how nearly."""
        return hmac.compare_digest(given.encode(), self.token.encode())


def ensure(directory: Path, address: str, now: float) -> Credentials:
    """The directory's credentials, made if there are none for this address yet.

    `now` is in seconds since the epoch. The directory exists and is private.
    """
    found = Credentials(
        directory / "ca.crt",
        directory / "tls.crt",
        directory / "tls.key",
        _token(directory / "token"),
    )
    names = tuple(dict.fromkeys(("localhost", "127.0.0.1", "::1", address)))
    if not _is_usable(found, names, now):
        _make_certificates(found, names, now)
    return found


def _token(path: Path) -> str:
    if path.exists() and (kept := path.read_text().strip()):
        return kept
    token = secrets.token_urlsafe(32)
    _write_private(path, token.encode())
    return token


def _is_usable(found: Credentials, names: Iterable[str], now: float) -> bool:
    from cryptography import x509

    if not all(path.exists() for path in (found.authority, found.certificate, found.key)):
        return False
    try:
        certificate = x509.load_pem_x509_certificate(found.certificate.read_bytes())
    except ValueError:
        return False  # damaged: a new one takes its place
    until = certificate.not_valid_after_utc - _RENEWED_BEFORE
    covered = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return until.timestamp() > now and all(_general_name(name) in covered for name in names)


def _general_name(name: str) -> "x509.GeneralName":
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _make_certificates(where: Credentials, names: Sequence[str], now: float) -> None:
    """An authority, and a server's certificate from it; the authority's key is not kept."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    authority_key = ec.generate_private_key(ec.SECP256R1())
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = _Issuer(authority_key, now)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
    _write_private(where.key, private)
    _write_private(where.certificate, issuer.server(key, alternatives).public_bytes(pem))
    _write_private(where.authority, issuer.authority().public_bytes(pem))


class _Issuer:
    """Signs certificates. They carry what strict verifiers ask for (RFC 5280)."""

    def __init__(self, key: "ec.EllipticCurvePrivateKey", now: float) -> None:
        self._key = key
        self._start = datetime.datetime.fromtimestamp(now, datetime.UTC) - _CLOCK_SKEW

    def authority(self) -> "x509.Certificate":
        from cryptography import x509

        builder = self._builder("localjobs authority", self._key)
        builder = builder.add_extension(x509.BasicConstraints(True, 0), critical=True)
        return self._signed(builder, signs_certificates=True)

    def server(
        self, key: "ec.EllipticCurvePrivateKey", names: "x509.SubjectAlternativeName"
    ) -> "x509.Certificate":
        from cryptography import x509
        from cryptography.x509.oid import ExtendedKeyUsageOID

        builder = self._builder("localjobs", key)
        builder = builder.add_extension(names, critical=False)
        builder = builder.add_extension(x509.BasicConstraints(False, None), critical=True)
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        return self._signed(builder.add_extension(usage, critical=False))

    def _builder(self, name: str, key: "ec.EllipticCurvePrivateKey") -> "x509.CertificateBuilder":
        from cryptography import x509

        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name("localjobs authority"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._start)
            .not_valid_after(self._start + _VALID_FOR)
            .add_extension(identifier, critical=False)
        )

    def _signed(
        self, builder: "x509.CertificateBuilder", *, signs_certificates: bool = False
    ) -> "x509.Certificate":
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes

        usage = x509.KeyUsage(
            digital_signature=not signs_certificates,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=signs_certificates,
            crl_sign=signs_certificates,
            encipher_only=False,
            decipher_only=False,
        )
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(usage, critical=True).add_extension(issuer, critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _name(common_name: str) -> "x509.Name":
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)


def write_kubeconfig(path: Path, credentials: Credentials, server: str) -> None:
    """Write the kubeconfig of a server at this address (`https://127.0.0.1:6443`)."""
    import base64

    authority = base64.b64encode(credentials.authority.read_bytes()).decode()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "localjobs",
                "cluster": {"server": server, "certificate-authority-data": authority},
            }
        ],
        "users": [{"name": "localjobs", "user": {"token": credentials.token}}],
        "contexts": [
            {
                "name": "localjobs",
                "context": {"cluster": "localjobs", "user": "localjobs", "namespace": "default"},
            }
        ],
        "current-context": "localjobs",
    }
    _write_private(path, yaml.safe_dump(config, sort_keys=False).encode())


def last_port(kubeconfig: Path) -> int:
    """The port that a kubeconfig names, 0 if there is none: worth trying again."""
    try:
        config = yaml.safe_load(kubeconfig.read_text())
        server = config["clusters"][0]["cluster"]["server"]
        return urlsplit(server).port or 0
    except (OSError, ValueError, TypeError, LookupError, yaml.YAMLError):
        return 0  # whatever is there, it is written anew
