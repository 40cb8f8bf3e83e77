import pytest

from localjobs.apiserver.negotiation import (
    METADATA_FORMS,
    Representation,
    negotiate,
    wants_aggregated,
)
from localjobs.errors import NotAcceptable

JSON, YAML = "application/json", "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
V1BETA1 = "application/json;as=Table;v=v1beta1;g=meta.k8s.io"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", Representation()),
        ("*/*", Representation()),
        ("application/*", Representation()),
        ("application/json, */*", Representation()),
        ("application/json; charset=utf-8", Representation()),
        ("application/vnd.kubernetes.protobuf, */*", Representation()),
        ("application/vnd.kubernetes.protobuf,application/json", Representation()),
        ("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", Representation()),
        ("application/yaml", Representation(YAML)),
        ("application/json;q=0.5,application/yaml", Representation(YAML)),
        ("application/yaml;q=0,application/json", Representation()),
        (f"{TABLE},{JSON}", Representation(JSON, "Table")),
        (f"{V1BETA1},{JSON}", Representation(JSON, "Table", "v1beta1")),
        (f"{TABLE},{V1BETA1},{JSON}", Representation(JSON, "Table")),
        ("application/json;as=Bogus;v=v1;g=meta.k8s.io,application/json", Representation()),
        ("application/json;as=Table;v=v7;g=meta.k8s.io,application/json", Representation()),
        (
            "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
            Representation(JSON, "PartialObjectMetadata"),
        ),
        ("application/json;stream=watch", Representation()),
        (PROTOBUF, Representation(PROTOBUF)),
        (f"{PROTOBUF};stream=watch", Representation(PROTOBUF)),
        (f"{PROTOBUF};as=Table;v=v1;g=meta.k8s.io,{PROTOBUF}", Representation(PROTOBUF)),
        (
            f"{PROTOBUF};as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
            Representation(PROTOBUF, "PartialObjectMetadata"),
        ),
    ],
)
def test_the_first_form_that_is_served_is_taken(accept: str, expected: Representation) -> None:
    assert negotiate(accept) == expected


def test_what_is_no_object_has_no_forms() -> None:
    assert negotiate(f"{TABLE},{JSON}", forms=()) == Representation()


def test_what_is_not_kept_is_no_table() -> None:
    assert negotiate(f"{TABLE},{JSON}", forms=METADATA_FORMS) == Representation()
    with pytest.raises(NotAcceptable, match="only the following media types"):
        negotiate(TABLE, forms=METADATA_FORMS)


def test_a_media_type_that_nobody_serves_is_refused_by_the_router() -> None:
    with pytest.raises(NotAcceptable) as raised:
        negotiate("text/html")
    assert raised.value.message == (
        "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml,"
        " application/vnd.kubernetes.protobuf"
    )
    with pytest.raises(NotAcceptable, match=r"application/json;stream=watch"):
        negotiate("text/html", streams=True)


def test_a_form_that_nobody_serves_is_refused_later() -> None:
    with pytest.raises(NotAcceptable) as raised:
        negotiate("application/json;as=Bogus;v=v1;g=meta.k8s.io")
    assert raised.value.message == (
        "only the following media types are accepted: application/json, application/yaml,"
        " application/vnd.kubernetes.protobuf"
    )


V2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
V2BETA1 = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", None),
        (JSON, None),
        (f"{V2},{V2BETA1},{JSON}", "v2"),
        (f"{V2BETA1},{JSON}", "v2beta1"),
        ("application/json;g=apidiscovery.k8s.io;v=v3;as=APIGroupDiscoveryList", None),
    ],
)
def test_aggregated_discovery_is_for_those_who_ask(accept: str, expected: str | None) -> None:
    assert wants_aggregated(accept) == expected
