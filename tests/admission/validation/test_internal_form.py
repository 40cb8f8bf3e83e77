import json

from localjobs.admission.validation.internal_form import (
    NODE_SELECTOR_TERM,
    SECURITY_CONTEXT,
    internal_form,
)


def test_members_come_in_the_types_order_and_missing_ones_too() -> None:
    term = {"matchFields": [{"operator": "In", "key": "a"}]}
    assert json.dumps(internal_form(term, NODE_SELECTOR_TERM), separators=(",", ":")) == (
        '{"MatchExpressions":null,"MatchFields":[{"Key":"a","Operator":"In","Values":null}]}'
    )


def test_structures_within_structures() -> None:
    context = {"seccompProfile": {"type": "Localhost"}, "seLinuxOptions": {"user": "u"}}
    form = internal_form(context, SECURITY_CONTEXT)
    assert form["SeccompProfile"] == {"Type": "Localhost", "LocalhostProfile": None}
    assert form["SELinuxOptions"] == {"User": "u", "Role": "", "Type": "", "Level": ""}
    assert form["Capabilities"] is None
