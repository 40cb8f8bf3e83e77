"""Which form of an answer a client accepts (apiserver/pkg/endpoints/handlers/negotiation).

Objects are JSON, YAML or protobuf, as they are or, where the client asks for it, as a Table or as
metadata only. A client that would take protobuf gets JSON if it takes that too: objects are kept
as JSON.
"""

from functools import lru_cache
from typing import Literal

from msgspec import Struct

from localjobs.errors import Details, NotAcceptable

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"

Form = Literal["", "Table", "PartialObjectMetadata", "PartialObjectMetadataList"]

METADATA_FORMS: tuple[Form, ...] = ("PartialObjectMetadata", "PartialObjectMetadataList")
FORMS: tuple[Form, ...] = ("Table", *METADATA_FORMS)
_VERSIONS = ("v1", "v1beta1")
_PRODUCED = (JSON, YAML, PROTOBUF)
_STREAMED = (f"{JSON};stream=watch", f"{PROTOBUF};stream=watch")
_SERVED = {"*/*": JSON, "application/*": JSON, JSON: JSON, YAML: YAML, PROTOBUF: PROTOBUF}


class Representation(Struct, frozen=True):
    """A media type, and the form in which objects are sent."""

    media_type: str = JSON
    form: Form = ""
    version: str = "v1"
    """The version of `meta.k8s.io` for a form of it."""


AS_JSON = Representation()


def negotiate(
    accept: str, *, forms: tuple[Form, ...] = FORMS, streams: bool = False
) -> Representation:
    """The first form served that an Accept header names, `forms` of `meta.k8s.io` among them.

    Protobuf comes after all others. `streams` says that watches are answered there too. Raises
    `NotAcceptable`.
    """
    if not accept or accept in ("*/*", JSON):
        return AS_JSON
    return _negotiate(accept, forms, streams)


@lru_cache(maxsize=256)
def _negotiate(accept: str, forms: tuple[Form, ...], streams: bool) -> Representation:
    clauses = by_preference(accept)
    served = [found for one in clauses if (found := _representation(one, forms))]
    if served:
        found = next((one for one in served if one.media_type != PROTOBUF), served[0])
        return AS_JSON if found == AS_JSON else found
    if not any(media_type in _SERVED for media_type, _ in clauses):
        # The router's words, which come before the words of upstream's own negotiation.
        available = ", ".join((*_PRODUCED, *_STREAMED)) if streams else ", ".join(_PRODUCED)
        message = f"406: Not Acceptable\n\nAvailable representations: {available}"
        raise NotAcceptable(message, Details())
    raise NotAcceptable(f"only the following media types are accepted: {', '.join(_PRODUCED)}")


_Clause = tuple[str, dict[str, str]]


def by_preference(accept: str) -> list[_Clause]:
    """The media types of an Accept header with their parameters, the most wanted first."""
    clauses: list[tuple[float, _Clause]] = []
    for part in accept.split(","):
        media_type, *rest = (piece.strip() for piece in part.split(";"))
        parameters = dict(_parameter(piece) for piece in rest)
        clauses.append((_quality(parameters.pop("q", "1")), (media_type.lower(), parameters)))
    clauses.sort(key=lambda one: -one[0])
    return [clause for quality, clause in clauses if quality > 0]


def _parameter(text: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    return key.strip().lower(), value.strip().strip('"')


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 1.0


def _representation(clause: _Clause, forms: tuple[Form, ...]) -> Representation | None:
    media_type, parameters = clause
    served = _SERVED.get(media_type)
    if served is None or parameters.get("stream", "watch") != "watch":
        return None
    if "as" not in parameters:
        return Representation(served)
    wanted = next((form for form in forms if form == parameters["as"]), None)
    version = parameters.get("v", "")
    is_meta = parameters.get("g") == "meta.k8s.io" and version in _VERSIONS
    if wanted is None or not is_meta:
        return None
    if wanted == "Table" and served == PROTOBUF:
        return None  # a Table has no protobuf form
    return Representation(served, wanted, version)


def wants_aggregated(accept: str) -> str | None:
    """The version of aggregated discovery that a client accepts: `v2`, `v2beta1` or None."""
    for media_type, parameters in by_preference(accept):
        if media_type != JSON or parameters.get("g") != "apidiscovery.k8s.io":
            continue
        version = parameters.get("v", "")
        if parameters.get("as") == "APIGroupDiscoveryList" and version in ("v2", "v2beta1"):
            return version
    return None
