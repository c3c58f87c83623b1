"""What is allowed outside the rule, and watched: emergency access, recusal, delegation, access for a time, purpose."""

from casework.authz.policy import SIGNED_IN

TEMPLATES = "casework:exceptions/templates/"
FORM = "casework:records/templates/form.jinja2"
BOTH = ("GET", "POST")
_ID = "{id:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}}"

# Route, path, view, methods, template; of pages that judge themselves who may.
_PAGES = (
    ("emergency", "/emergency", "glass_pages.own", "GET", "own"),
    ("emergency.ask", "/emergency/ask", "glass_pages.ask", "GET POST", None),
    ("emergency.told", "/emergency/told", "glass_pages.told", "GET", "told"),
    ("emergency.page", "/emergency/{glass}", "glass_pages.page", "GET", "glass"),
    ("emergency.end", "/emergency/{glass}/end", "glass_pages.end", "POST", None),
    ("emergency.review", "/emergency/{glass}/review", "glass_pages.review", "GET POST", "review"),
    ("conflict", "/conflict", "conflicts.declare", "GET POST", "conflict"),
    ("delegations", "/delegations", "delegation_pages.listing", "GET", "delegations"),
    ("delegation.new", "/delegations/new", "delegation_pages.new", "GET POST", None),
    ("delegation.decide", f"/delegations/{_ID}/{{answer:approve|refuse}}", "delegation_pages.decide", "POST", None),
    ("delegation.end", f"/delegations/{_ID}/end", "delegation_pages.end", "GET POST", None),
    ("purpose", "/purpose/{ref}", "purpose.ask", "GET POST", None),
)
# Record type -> the permission that gives access to one of its records.
_GRANTED = {"case": "case.core:A", "referral": "referral.facts:A", "support_referral": "support.referral:A"}


def includeme(config) -> None:
    """Pages, the banner of the shell, clocks, panels and periodic work. After the features whose records it opens."""
    from casework.cases import jobs, screens, tasks
    from casework.records.registry import factory, pattern

    from . import conflicts, delegation, delegation_pages, glass, glass_pages, grants, panels, purpose

    registry, types = config.registry, config.registry["record_types"]
    for route, path, view, methods, template in _PAGES:
        config.add_route(route, path)
        options = {"fresh_mfa": True} if route == "emergency.ask" else {}
        config.add_view(
            f"casework.exceptions.{view}", route_name=route, permission=SIGNED_IN, require_methods=methods.split(),
            renderer=f"{TEMPLATES}{template}.jinja2" if template else FORM if "GET" in methods else None, **options,
        )
    for name, permission in _GRANTED.items():
        make, base = factory(types, types[name]), f"{pattern(types, types[name])}/{{{name}}}/grants"
        for route, path, view, methods, template in (
                ("grants", base, grants.listing, ("GET",), f"{TEMPLATES}grants.jinja2"),
                ("grant", f"{base}/new", grants.give, BOTH, FORM),
                ("withdraw", f"{base}/{_ID}/withdraw", grants.withdraw, BOTH, FORM)):
            config.add_route(f"{name}.{route}", path, factory=make)
            config.add_view(view, route_name=f"{name}.{route}", permission=permission, require_methods=methods,
                            renderer=template)
    of_case = factory(types, types["case"])
    for route, path, view, methods, template in (
            ("conflicts", "", conflicts.listing, ("GET",), f"{TEMPLATES}conflicts.jinja2"),
            ("set", "/new", conflicts.set_for, BOTH, FORM), ("end", f"/{_ID}/end", conflicts.end, BOTH, FORM)):
        config.add_route(f"case.conflicts.{route}", f"/cases/{{case}}/conflicts{path}", factory=of_case)
        config.add_view(view, route_name=f"case.conflicts.{route}", permission="case.core:M", require_methods=methods,
                        renderer=template, own_check="POST" in methods)
    config.add_options("users:office", conflicts.office)
    config.add_options("users:same_work", delegation_pages.colleagues)
    config.add_options("users:for_record", grants.candidates)
    registry["open_accesses"], registry["emergency_path"] = glass_pages.open_accesses, glass_pages.emergency_path
    registry["purpose_needed"], registry["purpose_stated"] = purpose.needed, purpose.stated
    registry.setdefault("go_paths", {})[glass.PREFIX] = lambda ref: f"/emergency/{ref}"
    tasks.queue_for("break_glass", lambda one, rule: (one.owner_agency_id, one.owner_role, None))
    panels.register()
    screens.entry(glass_pages.ASKING, glass_pages.TITLE, "/emergency")
    screens.entry(tuple(glass.SUPERVISOR), delegation_pages.TITLE, "/delegations")
    jobs.every_run(delegation.follow_all)
