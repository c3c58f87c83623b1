"""Well-being of those who do this work: exposure counted by themselves, limits, welfare checks (DOMAIN 9.3)."""

TEMPLATES = "casework:welfare/templates/"
FORM = "casework:records/templates/form.jinja2"
READ = "exposure.log:R"
BOTH = ("GET", "POST")


def includeme(config) -> None:
    """Limits, record types, pages, panels, the banner, periodic work, and what counts by itself."""
    from pathlib import Path

    from pyramid.events import BeforeRender

    from casework.cases import jobs
    from casework.records.registry import factory
    from casework.workflow import engine

    from . import automatic, banner, checks, limits, panels, types

    limits.use_limits(limits.Limits.load(Path(config.get_settings()["casework.etc"]) / "exposure.csv"))
    # Before the generic pages, whose pattern would take these words for a reference.
    for name, renderer in (("own", "own"), ("staff", "staff")):
        config.add_route(f"exposure.{name}", "/exposure" if name == "own" else f"/exposure/{name}")
        config.add_view(f"casework.welfare.views.{name}", route_name=f"exposure.{name}", permission=READ,
                        renderer=f"{TEMPLATES}{renderer}.jinja2")
    for name in ("start", "add", "choices"):
        config.add_route(f"exposure.{name}", f"/exposure/{name}")
        config.add_view(f"casework.welfare.views.{name}", route_name=f"exposure.{name}", permission=READ,
                        renderer=FORM, require_methods=BOTH, read_by_post=True)
    config.add_route("exposure.stop", "/exposure/stop")
    config.add_view("casework.welfare.views.stop", route_name="exposure.stop", permission=READ,
                    require_methods=("POST",), read_by_post=True)
    config.add_route("exposure.void", "/exposure/{exposure_log}/void",
                     factory=factory(config.registry["record_types"], types.ENTRY))
    config.add_view("casework.welfare.views.void", route_name="exposure.void", permission=READ, renderer=FORM,
                    require_methods=BOTH, read_by_post=True)
    config.add_record_type(types.ENTRY)
    config.add_record_type(types.CHECK)
    checks.register()
    panels.register()
    config.add_subscriber(banner.add_notices, BeforeRender)
    jobs.every_run(checks.sweep)
    engine.subscribe(automatic.on_transition)
