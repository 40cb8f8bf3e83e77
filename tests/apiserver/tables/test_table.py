import pytest

from localjobs.api import resources
from localjobs.api.objects import Object
from localjobs.apiserver.tables import IncludeObject, partial_metadata, printer_for

NOW = 1_700_000_000.0
OBJECT: Object = {"kind": "Namespace", "metadata": {"name": "n"}, "status": {"phase": "Active"}}
PARTIAL = {
    "kind": "PartialObjectMetadata",
    "apiVersion": "meta.k8s.io/v1",
    "metadata": {"name": "n"},
}


@pytest.mark.parametrize("resource", resources.ALL, ids=lambda one: one.plural)
def test_every_kind_begins_with_its_name_or_when_it_was_seen(resource: resources.Resource) -> None:
    first = printer_for(resource).columns[0]
    assert first.name == ("Last Seen" if resource is resources.EVENTS else "Name")
    assert all(column.description for column in printer_for(resource).columns)


@pytest.mark.parametrize(
    ("include", "carried"), [("None", None), ("Metadata", PARTIAL), ("Object", OBJECT)]
)
def test_rows_carry_what_is_asked_for(include: IncludeObject, carried: Object | None) -> None:
    printer = printer_for(resources.NAMESPACES)
    table = printer.table([OBJECT], NOW, list_metadata={"resourceVersion": "1"}, include=include)
    assert table["metadata"] == {"resourceVersion": "1"}
    assert table["rows"] == [{"cells": ["n", "Active", "<unknown>"], "object": carried}]


def test_columns_are_sent_where_they_are_not_known_yet() -> None:
    printer = printer_for(resources.NAMESPACES)
    columns = printer.table([], NOW, list_metadata={})["columnDefinitions"]
    assert [column["name"] for column in columns] == ["Name", "Status", "Age"]
    assert columns[0]["format"] == "name"
    known = printer.table([], NOW, list_metadata={}, with_columns=False)
    assert known["columnDefinitions"] is None


def test_metadata_alone_is_an_object_of_its_own_kind() -> None:
    assert partial_metadata(OBJECT) == PARTIAL


@pytest.mark.parametrize("resource", [*resources.ALL, resources.CRONJOBS], ids=lambda one: one.kind)
def test_a_bookmark_is_a_row_too(resource: resources.Resource) -> None:
    bookmark = {"kind": resource.kind, "metadata": {"resourceVersion": "7"}}
    printer = printer_for(resource)
    (row,) = printer.table([bookmark], NOW, list_metadata={})["rows"]
    assert len(row["cells"]) == len(printer.columns)
    if resource is resources.JOBS:
        assert row["cells"] == ["", "Running", "0/1", "", "<unknown>", "", "", "<none>"]
