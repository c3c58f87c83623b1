"""Evidence items and their chains of custody."""

TEMPLATES = "casework:evidence/templates/"
FORM = "casework:records/templates/form.jinja2"
BOTH = ("GET", "POST")


def includeme(config) -> None:
    """Record types, their own pages, choices, the check, and the panels."""
    from casework.cases import tasks
    from casework.records.registry import factory

    from . import completeness, panels, types, workflow

    registered = config.registry["record_types"]
    base = "/cases/{case}/evidence"
    of_items = factory(registered, types.ITEM)
    # Before the generic pages, whose patterns would take `new` and `release` for a reference.
    config.add_route("evidence_item.list", base, factory=of_items)
    config.add_view("casework.evidence.views.listing", route_name="evidence_item.list", permission="evidence.item:M",
                    renderer=f"{TEMPLATES}list.jinja2", many=("state", "kind"))
    for name, permission in (("new", "evidence.item:W"), ("release", "evidence.item:W")):
        config.add_route(f"evidence_item.{name}", f"{base}/{name}", factory=of_items)
        config.add_view(f"casework.evidence.views.{name}", route_name=f"evidence_item.{name}", permission=permission,
                        require_methods=BOTH, renderer=FORM, many=("items",))
    config.add_route("custody_event.list", base + "/{evidence_item}/custody", factory=factory(registered, types.EVENT))
    config.add_view("casework.evidence.views.chain", route_name="custody_event.list", permission="custody.event:R",
                    renderer=f"{TEMPLATES}chain.jinja2")
    config.add_route("custody.accept", "/custody/accept")
    config.add_view("casework.evidence.views.accept", route_name="custody.accept", permission="custody.event:W",
                    require_methods=BOTH, renderer=FORM)
    config.add_record_type(types.ITEM)
    config.add_record_type(types.EVENT)
    config.include(".options")
    tasks.facts_for("evidence", workflow.facts)
    tasks.queue_for("evidence", workflow.owner)
    completeness.register()
    panels.register()
