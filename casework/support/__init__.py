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

    from casework.records.registry import factory
    from casework.records.views import history

    from . import ages, screens, service, types  # noqa: F401  service subscribes to accepted referrals

    ages.use(Path(config.get_settings()["casework.etc"]))
    registered = config.registry["record_types"]
    config.include(".options")
    of_support = factory(registered, types.SUPPORT)
    # Before the generic page of transitions, whose pattern would take them.
    for event, view, template in _STEPS:
        config.add_route(f"support_step.{event}", f"/support/{{support_referral}}/do/{event}", factory=of_support)
        config.add_view(
            f"casework.support.views.{view}", route_name=f"support_step.{event}", permission="support.referral:R",
            require_methods=BOTH, renderer=template, read_by_post=True,
        )
    of_case = factory(registered, registered["case"])
    config.add_route("case_support", "/cases/{case}/support", factory=of_case)
    config.add_view("casework.support.views.of_case", route_name="case_support", permission="support.referral:M",
                    renderer=f"{TEMPLATES}of_case.jinja2")
    config.add_route("case_support.new", "/cases/{case}/support/new", factory=of_case)
    config.add_view("casework.support.views.ask", route_name="case_support.new", permission="case.core:M",
                    require_methods=BOTH, renderer=FORM, read_by_post=True)
    config.include(_record_types)
    for rt in types.TYPES:
        # The verbs of a history tell what happened to a child: it is for those who read the record.
        config.add_view(history, route_name=f"{rt.name}.history", permission=f"{rt.permission}:R",
                        renderer="casework:records/templates/history.jinja2")
    config.add_route("consent.sheet", "/support/{support_referral}/consents/{consent}/sheet",
                     factory=factory(registered, types.CONSENT))
    config.add_view("casework.support.views.sheet", route_name="consent.sheet", permission="consent:R",
                    renderer=f"{TEMPLATES}sheet.jinja2")
    screens.register()


def _record_types(config) -> None:
    from . import types

    for rt in types.TYPES:
        config.add_record_type(rt)
