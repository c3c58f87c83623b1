"""The case: the aggregate where the features meet. `service.py` is its public face."""

from casework.authz.policy import SIGNED_IN

TEMPLATES = "casework:cases/templates/"
FORM = "casework:records/templates/form.jinja2"

# Route, path below the case, view, methods, permission, template.
_PAGES = (
    ("case.check", "check", "pages.check", "GET", "case.core:R", "check"),
    ("case.explain", "check/{point:[0-9]{1,2}}", "pages.explain", "GET POST", "case.core:W", None),
    ("case.plan", "plan", "pages.plan", "GET POST", "investigation.notes:W", None),
    ("case.team", "team", "pages.team", "GET", "case.core:R", "team"),
    ("case.assign", "team/assign", "pages.assign", "GET POST", "case.core:A", None),
    ("case.unassign", "team/unassign", "pages.unassign", "POST", "case.core:A", None),
    ("case.conflict", "conflict", "pages.conflict", "GET POST", "case.core:M", None),
    ("case.timeline", "timeline", "pages.whole_timeline", "GET", "case.core:M", "timeline"),
    ("case.tasks", "tasks", "task_pages.of_case", "GET", "case.core:M", "case_tasks"),
    ("case.task_new", "tasks/new", "task_pages.new", "GET POST", "task:W", None),
    ("case.links", "links", "links.listing", "GET", "case.link:R", "links"),
    ("case.link_new", "links/new", "links.new", "GET POST", "case.link:R", None),
)


def includeme(config) -> None:
    """Record types, pages, clocks, the first screen and the main navigation."""
    from casework.files import fixity
    from casework.files import panels as file_panels
    from casework.records.registry import factory

    from . import clocks, held, jobs, links, panels, points, screens, task_flow, task_pages, types  # noqa: F401

    clocks.use_rules(config.registry["deadline_rules"], config.registry["holidays"])
    config.include(".options")
    config.add_erasable(types.CASE)
    for rt in (types.CASE, types.OFFENCE, types.NOTE, task_pages.TASK, links.LINK):
        config.add_record_type(rt)
    config.add_files(types.CASE)
    jobs.every_run(fixity.periodic)
    screens.panel("PSU", file_panels.bad_files, file_panels.waiting)
    of_case = factory(config.registry["record_types"], types.CASE)
    for route, path, view, methods, permission, template in _PAGES:
        config.add_route(route, f"/cases/{{case}}/{path}", factory=of_case)
        # A conflict is declared, and a link proposed, by who only reads; each view says who may.
        reading = permission.endswith((":M", ":R")) and "POST" in methods
        config.add_view(
            f"casework.cases.{view}", route_name=route, permission=permission, require_methods=methods.split(),
            renderer=FORM if methods == "GET POST" else f"{TEMPLATES}{template}.jinja2" if template else None,
            own_check=reading,
        )
    config.add_route("home", "/")
    config.add_view("casework.cases.pages.home", route_name="home", permission=SIGNED_IN,
                    renderer=f"{TEMPLATES}home.jinja2")
    config.add_route("tasks", "/tasks")
    config.add_view("casework.cases.task_pages.listing", route_name="tasks", permission="task:M", many=("which",),
                    renderer=f"{TEMPLATES}tasks.jinja2")
    config.registry["nav"] = screens.nav
    panels.register()
    held.register()
