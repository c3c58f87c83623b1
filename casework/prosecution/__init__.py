"""The prosecution office's work on a submitted file: charges, hearings, decisions."""

TEMPLATES = "casework:prosecution/templates/"
FORM = "casework:records/templates/form.jinja2"

# Route, type it hangs under, path below one record, view, permission, template.
_PAGES = (
    ("prosecution.charge", "MATTER", "charge", "charge", "charge:W", f"{TEMPLATES}charge_form.jinja2"),
    ("prosecution.hearing", "MATTER", "hearing", "fix_hearing", "hearing:W", FORM),
    ("prosecution.decision", "MATTER", "decision", "decision", "decision:W", FORM),
    ("prosecution.schedule_trial", "MATTER", "do/schedule_trial", "schedule_trial", "charge:W", FORM),
    ("prosecution.judge", "MATTER", "do/judge", "judge", "charge:W", FORM),
    ("prosecution.conflict", "MATTER", "do/declare_conflict", "conflict", "charge:W", FORM),
    ("charge.reclassify", "CHARGE", "reclassify", "reclassify", "charge:W", FORM),
    ("charge.drop", "CHARGE", "drop", "drop", "charge:W", FORM),
    ("hearing.result", "HEARING", "result", "hearing_result", "hearing:W", FORM),
)


def includeme(config) -> None:
    """Record types, their own pages, choices, panels, and the subscription to submitted cases."""
    from casework.records.registry import factory
    from casework.workflow.engine import subscribe

    from . import panels, receiving, types, workflow

    registered = config.registry["record_types"]
    for route, kind, path, view, permission, template in _PAGES:
        rt = getattr(types, kind)
        # Before the generic pages: their step page would take these events.
        config.add_route(route, f"/cases/{{case}}/{rt.path}/{{{rt.name}}}/{path}", factory=factory(registered, rt))
        config.add_view(f"casework.prosecution.views.{view}", route_name=route, permission=permission,
                        require_methods=("GET", "POST"), renderer=template)
    for rt in (types.MATTER, types.CHARGE, types.HEARING, types.DECISION):
        config.add_record_type(rt)
    config.add_files(types.MATTER)
    config.include(".options")
    subscribe(receiving.on_transition)
    panels.register()
    workflow.register_held()
