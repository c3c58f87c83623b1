"""Victim support: consent, assessment, the minimal view sent to a provider, plan, closure."""

TEMPLATES = "casework:support/templates/"
FORM = "casework:records/templates/form.jinja2"
BOTH = ("GET", "POST")
# Steps with a form of their own: event, view, template.
_STEPS = (
    ("first_contact", "first_contact", FORM),
    ("consent", "consent", FORM),
    ("assess", "assess", f"{TEMPLATES}assess.jinja2"),
    ("send", "send", f"{TEMPLATES}send.jinja2"),
    ("send_to_next", "send", f"{TEMPLATES}send.jinja2"),
)


def includeme(config) -> None:
    """Record types, their own pages, choices and panels."""
    from pathlib import Path

    from casework.cases import jobs
    from casework.records.registry import factory

    from . import ages, consenting, screens, service, types

    ages.use(Path(config.get_settings()["casework.etc"]))
    registered = config.registry["record_types"]
    config.include(".options")
    of_support = factory(registered, types.SUPPORT)
    # Before the generic page of transitions, whose pattern would take them.
    for event, view, template in _STEPS:
        config.add_route(f"support_step.{event}", f"/support/{{support_referral}}/do/{event}", factory=of_support)
        config.add_view(
            f"casework.support.views.{view}", route_name=f"support_step.{event}", permission="support.referral:R",
            require_methods=BOTH, renderer=template, own_check=True,
        )
    of_case = factory(registered, registered["case"])
    config.add_route("case_support", "/cases/{case}/support", factory=of_case)
    config.add_view("casework.support.views.of_case", route_name="case_support", permission="support.referral:M",
                    renderer=f"{TEMPLATES}of_case.jinja2")
    config.add_route("case_support.new", "/cases/{case}/support/new", factory=of_case)
    config.add_view("casework.support.views.ask", route_name="case_support.new", permission="case.core:M",
                    require_methods=BOTH, renderer=FORM, own_check=True)
    config.include(_record_types)
    config.add_route("consent.sheet", "/support/{support_referral}/consents/{consent}/sheet",
                     factory=factory(registered, types.CONSENT))
    config.add_view("casework.support.views.sheet", route_name="consent.sheet", permission="consent:R",
                    renderer=f"{TEMPLATES}sheet.jinja2")
    screens.register()
    service.register_held()
    jobs.every_run(consenting.close_what_ran_out)


def _record_types(config) -> None:
    from . import types

    for rt in types.TYPES:
        config.add_record_type(rt)
    config.add_files(types.SUPPORT)
