"""`spec.resourceClaims`: devices that a pod claims (core/validation, KEP-4381)."""

from __future__ import annotations

from collections.abc import Iterable

from localjobs.admission.validation.formats import Errors, check_dns_label, check_dns_subdomain
from localjobs.admission.validation.internal_form import POD_RESOURCE_CLAIM, internal_form
from localjobs.api.field import duplicate, invalid, required
from localjobs.api.objects import Object


def claim_names_of(spec: Object) -> frozenset[str]:
    """The names by which containers can use the pod's claims."""
    claims = spec.get("resourceClaims")
    return frozenset(one["name"] for one in claims if one.get("name")) if claims else frozenset()


def validate_resource_claims(claims: Iterable[Object], path: str) -> Errors:
    """Each names exactly one claim or one template."""
    taken: set[str] = set()
    for index, claim in enumerate(claims):
        here = f"{path}[{index}]"
        yield from _validate_name(claim.get("name", ""), taken, f"{here}.name")
        direct, template = (
            claim.get("resourceClaimName"),
            claim.get("resourceClaimTemplateName"),
        )
        form = internal_form(claim, POD_RESOURCE_CLAIM)
        if direct is not None and template is not None:
            detail = (
                "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            )
            yield invalid(here, form, detail)
        if direct is None and template is None:
            detail = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
            yield invalid(here, form, detail)
        if direct is not None:
            yield from check_dns_subdomain(direct, f"{here}.resourceClaimName")
        if template is not None:
            yield from check_dns_subdomain(template, f"{here}.resourceClaimTemplateName")


def _validate_name(name: str, taken: set[str], path: str) -> Errors:
    if not name:
        yield required(path)
    elif name in taken:
        yield duplicate(path, name)
    else:
        yield from check_dns_label(name, path)
        taken.add(name)
