"""httpGet: what a server answers to GET.

A probe succeeds with a code from 200 to 399. A hook's request has only to be answered. Redirects
are followed on the same host; one that leads elsewhere is an answer by itself. Certificates are
not verified.
Upstream: pkg/probe/http and runHTTPHandler in pkg/kubelet/lifecycle/handlers.go.
"""

from __future__ import annotations

import asyncio
import ssl
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import httptools
from msgspec import Struct

from localjobs.api.objects import Object
from localjobs.kubelet.answers import Answer, Call, Verdict
from localjobs.kubelet.handlers import MOST_OUTPUT
from localjobs.kubelet.ports import NoPort, address, port_of
from localjobs.kubelet.tcp_socket import dial_error, hang_up

MOST_REDIRECTS = 10

_SAFE = "%/?#[]@!$&'()*+,;=:~"
_CHUNK = 64 << 10
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TIMEOUT = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"


class _Failure(Exception):
    """There is no answer; the text is Go's."""


class _Response(Struct):
    """What is heard of an answer, as the parser hears it."""

    code: int = 0
    location: str = ""
    body: bytes = b""
    is_complete: bool = False


async def attempt(call: Call, default_host: str) -> Answer:
    """Send the request, and judge the answer."""
    action = call.handler["httpGet"]
    try:
        url = _url(call, action, default_host)
    except NoPort as error:
        return Answer(Verdict.UNKNOWN, str(error))
    headers = _headers(action, is_probe=call.is_probe)
    try:
        async with asyncio.timeout(call.timeout):
            response = await _follow(url, headers)
    except TimeoutError:
        return Answer(Verdict.FAILURE, f'Get "{url.geturl()}": {_TIMEOUT}')
    except (_Failure, ValueError) as failure:  # a host or a redirect that is no address
        return Answer(Verdict.FAILURE, f'Get "{url.geturl()}": {failure}')
    if not call.is_probe:
        return Answer(Verdict.SUCCESS)
    return _judged(response)


def _judged(response: _Response) -> Answer:
    body = response.body.decode("utf-8", "replace")
    if 200 <= response.code < 300:
        return Answer(Verdict.SUCCESS, body)
    if 300 <= response.code < 400:
        return Answer(Verdict.WARNING, f"Probe terminated redirects, Response body: {body}")
    # What the server says is kept out of events: it may be secret.
    return Answer(Verdict.FAILURE, f"HTTP probe failed with statuscode: {response.code}")


def _url(call: Call, action: Object, default_host: str) -> SplitResult:
    port = port_of(action["port"], call.ports)
    scheme = (action.get("scheme") or "HTTP").lower()
    path: str = action.get("path") or "/"
    if not path.startswith("/"):
        path = f"/{path}"
    host = address(action.get("host") or default_host, port)
    return urlsplit(f"{scheme}://{host}{quote(path, safe=_SAFE)}")


def _headers(action: Object, *, is_probe: bool) -> list[tuple[str, str]]:
    """What the spec asks for, and the kubelet's own where it says nothing."""
    own = [
        (header["name"], header.get("value") or "") for header in action.get("httpHeaders") or ()
    ]
    named = {name.lower() for name, _ in own}
    agent = "kube-probe/1.36" if is_probe else "kube-lifecycle/1.36"
    usual = [("User-Agent", agent), ("Accept", "*/*")]
    kept = [(name, value) for name, value in usual if name.lower() not in named]
    # A header that is set to nothing is not sent: how a spec gets rid of the usual ones.
    return [*kept, *((n, v) for n, v in own if v or n.lower() not in ("user-agent", "accept"))]


async def _follow(url: SplitResult, headers: list[tuple[str, str]]) -> _Response:
    first = url.hostname
    for _ in range(MOST_REDIRECTS):
        response = await _get(url, headers)
        if response.code not in _REDIRECTS or not response.location:
            return response
        url = urlsplit(urljoin(url.geturl(), response.location))
        if url.hostname != first or url.scheme not in _PORTS:
            return response
    raise _Failure(f"stopped after {MOST_REDIRECTS} redirects")


async def _get(url: SplitResult, headers: list[tuple[str, str]]) -> _Response:
    host, port = url.hostname or "", url.port or _PORTS[url.scheme]
    try:
        reader, writer = await asyncio.open_connection(
            host, port, ssl=_unverified() if url.scheme == "https" else None
        )
    except ssl.SSLError as error:
        raise _Failure(_tls_error(error)) from error
    except OSError as error:
        raise _Failure(dial_error(host, port, error)) from error
    try:
        writer.write(_request(url, headers))
        return await _read(reader)
    except OSError as error:
        raise _Failure(f"read tcp {address(host, port)}: {error.strerror or error}") from error
    finally:
        await hang_up(writer)


def _request(url: SplitResult, headers: list[tuple[str, str]]) -> bytes:
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    hosts = [value for name, value in headers if name.lower() == "host"]
    lines = [f"GET {target} HTTP/1.1", f"Host: {hosts[-1] if hosts else url.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers if name.lower() != "host"]
    lines += ["Connection: close", "", ""]
    return "\r\n".join(lines).encode("utf-8", "replace")


async def _read(reader: asyncio.StreamReader) -> _Response:
    heard = _Listener()
    parser = httptools.HttpResponseParser(heard)
    received = False
    while not heard.response.is_complete and len(heard.response.body) < MOST_OUTPUT:
        data = await reader.read(_CHUNK)
        if not data:
            break
        received = True
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            break
        except httptools.HttpParserError as error:
            line = data.split(b"\n", 1)[0].strip().decode("latin-1")
            text = "net/http: HTTP/1.x transport connection broken: malformed HTTP response"
            raise _Failure(f'{text} "{line}"') from error
        if heard.has_headers:
            heard.response.code = parser.get_status_code()
    if not heard.has_headers:
        raise _Failure("unexpected EOF" if received else "EOF")
    return heard.response


class _Listener:
    """What the parser calls."""

    def __init__(self) -> None:
        self.response = _Response()
        self.has_headers = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"location":
            self.response.location = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.has_headers = True

    def on_body(self, body: bytes) -> None:
        self.response.body += body[: MOST_OUTPUT - len(self.response.body)]

    def on_message_complete(self) -> None:
        self.response.is_complete = True


def _unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _tls_error(error: ssl.SSLError) -> str:
    if error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"):
        return "http: server gave HTTP response to HTTPS client"
    return f"tls: {error.reason or error}"
