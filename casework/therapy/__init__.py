"""Therapeutic notes stay with their author; a court's disclosure order yields one sealed copy (DOMAIN 4, note 27)."""

TEMPLATES = "casework:therapy/templates/"
FORM = "casework:records/templates/form.jinja2"
BOTH = ("GET", "POST")


def includeme(config) -> None:
    """Record types, the list of notes, the form of a new one, and the one copy. After the feature of support."""
    from casework.records.registry import factory

    from . import types

    registered = config.registry["record_types"]
    note, order = factory(registered, types.NOTE), factory(registered, types.ORDER)
    # Before the generic page, whose pattern would take "new" for a reference.
    config.add_route("therapeutic_note.list", "/support/{support_referral}/therapy", factory=note)
    config.add_view("casework.therapy.views.listing", route_name="therapeutic_note.list",
                    permission="therapeutic.note:M", renderer="casework:records/templates/list.jinja2")
    config.add_route("therapeutic_note.new", "/support/{support_referral}/therapy/new", factory=note)
    config.add_view("casework.therapy.views.new", route_name="therapeutic_note.new", permission="support.referral:R",
                    renderer=FORM, require_methods=BOTH, own_check=True)
    config.add_record_type(types.NOTE)
    config.add_route("disclosure_order.copy", "/support/{support_referral}/disclosures/{disclosure_order}/copy",
                     factory=order)
    config.add_view("casework.therapy.views.copy", route_name="disclosure_order.copy", permission="service:W",
                    renderer=f"{TEMPLATES}make.jinja2", require_methods=BOTH, fresh_mfa=True)
    config.add_record_type(types.ORDER)
