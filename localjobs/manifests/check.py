"""What the API server would say of a manifest, without one."""

from __future__ import annotations

from msgspec import Struct

from localjobs.admission.create import admit_create
from localjobs.admission.options import FieldValidation, Stamp, WriteOptions
from localjobs.api.resources import Resource
from localjobs.errors import ApiError, ManifestError
from localjobs.manifests.parse import Document, parse
from localjobs.manifests.problems import Problem, in_document, of_document, of_file
from localjobs.manifests.targets import DEFAULT_NAMESPACE, resource_of

_OPTIONS = WriteOptions(field_manager="localjobs", field_validation=FieldValidation.STRICT)


class Verdict(Struct, frozen=True):
    """What there is to say of one object of a manifest; without errors, it would be accepted."""

    kind: str
    namespace: str
    name: str
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    line: int = 0


class Report(Struct, frozen=True):
    """What there is to say of a manifest: of the file itself, and of each object in it."""

    errors: tuple[Problem, ...] = ()
    verdicts: tuple[Verdict, ...] = ()

    @property
    def is_valid(self) -> bool:
        return not self.errors and not any(verdict.errors for verdict in self.verdicts)


def check(data: bytes, name: str, now: float) -> Report:
    """Check a manifest of this name (its ending says its language), as if created at `now`."""
    try:
        documents = parse(data, name)
    except ManifestError as error:
        return Report(errors=(of_file(error),))
    stamp = Stamp(now=now, uid="00000000-0000-4000-8000-000000000000", suffix="xxxxx")
    seen: dict[tuple[str, str, str], int] = {}
    verdicts = [_without_repetition(_verdict(one, stamp), one, seen) for one in documents]
    return Report(verdicts=tuple(verdicts))


def _verdict(document: Document, stamp: Stamp) -> Verdict:
    kind, namespace, name = _described(document)
    line = document.position().line
    try:
        resource = resource_of(document)
        sent = namespace if resource.namespaced else ""
        admitted = admit_create(resource, sent, document.object, _OPTIONS, stamp)
    except (ApiError, ManifestError) as error:
        return Verdict(kind, namespace, name, of_document(document, error), (), line)
    warnings = tuple(_warning(document, text) for text in admitted.warnings)
    return Verdict(kind, sent, name, (), (*warnings, *_generated_name(document, resource)), line)


def _described(document: Document) -> tuple[str, str, str]:
    metadata = document.object.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    namespace = metadata.get("namespace")
    named = metadata.get("name") or metadata.get("generateName") or ""
    kind = document.object.get("kind")
    return (
        kind if isinstance(kind, str) else "",
        namespace if isinstance(namespace, str) and namespace else DEFAULT_NAMESPACE,
        named if isinstance(named, str) else "",
    )


def _warning(document: Document, text: str) -> Problem:
    """A warning at the field that it begins with, as most do."""
    field, colon, _ = text.partition(": ")
    return in_document(document, text, field if colon and " " not in field else "")


def _generated_name(document: Document, resource: Resource) -> tuple[Problem, ...]:
    metadata = document.object["metadata"]
    if metadata.get("name") or not metadata.get("generateName"):
        return ()
    message = f"a {resource.kind} in a served directory needs metadata.name"
    return (in_document(document, message, "metadata.generateName"),)


def _without_repetition(
    verdict: Verdict, document: Document, seen: dict[tuple[str, str, str], int]
) -> Verdict:
    """The second object of a name in one file is refused, whatever it says."""
    key = (verdict.kind, verdict.namespace, verdict.name)
    if verdict.errors or "generateName" in document.object["metadata"]:
        return verdict
    first = seen.setdefault(key, verdict.line)
    if first == verdict.line:
        return verdict
    message = f"{verdict.kind} {verdict.name} is already named on line {first}"
    problem = in_document(document, message, "metadata.name")
    return Verdict(*key, (problem,), verdict.warnings, verdict.line)
