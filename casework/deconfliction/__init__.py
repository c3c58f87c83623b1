"""Blind matching between agencies (DOMAIN 7, docs/deconfliction.md): who holds the same learns that, and no more."""

TEMPLATES = "casework:deconfliction/templates/"
FORM = "casework:records/templates/form.jinja2"
READ = "match.hit:M"


def includeme(config) -> None:
    """Rules, record types, pages, panels, periodic work, and what happens by itself."""
    from pathlib import Path

    from casework.cases import jobs
    from casework.cases.types import CASE
    from casework.records.registry import factory

    from . import erasing, flow, panels, rules, settle, types  # noqa: F401  what is erased with a child

    rules.use_rules(rules.Rules.load(Path(config.get_settings()["casework.etc"])))
    of_case = factory(config.registry["record_types"], CASE)
    config.add_route("match.case", "/cases/{case}/matches", factory=of_case)
    config.add_view("casework.deconfliction.pages.of_case", route_name="match.case", permission=READ,
                    renderer=f"{TEMPLATES}case.jinja2")
    config.add_route("match.ask", "/cases/{case}/matches/ask", factory=of_case)
    config.add_view("casework.deconfliction.pages.ask", route_name="match.ask", permission=READ, renderer=FORM,
                    require_methods=("GET", "POST"), own_check=True)
    config.add_route("match.setting", "/cases/{case}/matches/setting", factory=of_case)
    config.add_view("casework.deconfliction.pages.setting", route_name="match.setting", permission="match.hit:A",
                    renderer=FORM, require_methods=("GET", "POST"))
    # Before the generic pages, whose pattern would take the word for a reference.
    config.add_route("match.week", "/matches/week")
    config.add_view("casework.deconfliction.pages.week", route_name="match.week", permission="match.hit:A",
                    renderer=f"{TEMPLATES}week.jinja2")
    config.add_route("match.supported", "/supported-already")
    config.add_view("casework.deconfliction.support.page", route_name="match.supported",
                    permission="support.referral:A", renderer=FORM, require_methods=("GET", "POST"))
    config.add_options("match:contact", panels.contacts)
    config.add_record_type(types.HIT)
    config.add_record_type(types.QUESTION)
    config.add_record_type(types.SUPPORT)
    panels.register()
    flow.register()
    jobs.every_run(settle.run)
