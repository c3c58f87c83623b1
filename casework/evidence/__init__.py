"""Evidence items and their chains of custody."""

TEMPLATES = "casework:evidence/templates/"
FORM = "casework:records/templates/form.jinja2"
BOTH = ("GET", "POST")


def includeme(config) -> None:
    """Record types, their own pages, choices, the check, and the panels."""
    from casework.cases import jobs, tasks
    from casework.records.registry import factory

    from . import completeness, damaged, desk_types, known, panels, service, types, workflow

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
    config.add_route("evidence_item.search", f"{base}/search", factory=of_items)
    config.add_view("casework.evidence.log_pages.search", route_name="evidence_item.search",
                    permission="evidence.item:W", require_methods=BOTH, renderer=FORM)
    _reports(config, base, of_items)
    config.add_route("evidence_item.labels", f"{base}/labels", factory=of_items)
    config.add_view("casework.evidence.label_pages.labels", route_name="evidence_item.labels",
                    permission="evidence.item:R", require_methods=BOTH, read_by_post=True, renderer=FORM)
    config.add_route("evidence_item.exhibits", f"{base}/exhibit-list", factory=of_items)
    config.add_view("casework.evidence.court_papers.exhibits", route_name="evidence_item.exhibits",
                    permission="evidence.item:R", require_methods=BOTH, read_by_post=True, renderer=FORM)
    config.add_route("evidence_item.image", base + "/{evidence_item}/image", factory=of_items)
    config.add_view("casework.evidence.log_pages.image", route_name="evidence_item.image",
                    permission="evidence.item:W", require_methods=BOTH, renderer=FORM)
    config.add_route("viewing_request.new", base + "/{evidence_item}/viewing/new",
                     factory=factory(registered, desk_types.VIEWING))
    config.add_view("casework.evidence.custody_pages.ask_to_view", route_name="viewing_request.new",
                    permission="restricted.material:A", require_methods=BOTH, renderer=FORM)
    _desk(config, factory(registered, desk_types.STOCKTAKE))
    config.add_route("custody_event.list", base + "/{evidence_item}/custody", factory=factory(registered, types.EVENT))
    config.add_view("casework.evidence.views.chain", route_name="custody_event.list", permission="custody.event:R",
                    renderer=f"{TEMPLATES}chain.jinja2")
    config.add_route("evidence_item.certificate", base + "/{evidence_item}/certificate",
                     factory=factory(registered, types.EVENT))
    config.add_view("casework.evidence.court_papers.certificate", route_name="evidence_item.certificate",
                    permission="custody.event:R", require_methods=BOTH, read_by_post=True, renderer=FORM)
    config.add_route("custody.accept", "/custody/accept")
    config.add_view("casework.evidence.views.accept", route_name="custody.accept", permission="custody.event:W",
                    require_methods=BOTH, renderer=FORM)
    config.add_record_type(types.ITEM)
    config.add_record_type(types.EVENT)
    config.add_record_type(desk_types.VIEWING)
    config.add_record_type(desk_types.STOCKTAKE)
    config.add_files(types.ITEM)
    damaged.register()
    config.include(".options")
    tasks.facts_for("evidence", workflow.facts)
    tasks.queue_for("evidence", workflow.owner)
    completeness.register()
    panels.register()
    service.register_held()
    known.register()
    jobs.every_run(service.open_discrepancies)


def _reports(config, base: str, of_items) -> None:
    """A tool's report: its file, then what becomes of it."""
    for name, path, page in (
        ("report_file", f"{base}/report/files/new", "take"), ("report", f"{base}/report", "make"),
    ):
        config.add_route(f"evidence_item.{name}", path, factory=of_items)
        config.add_view(f"casework.evidence.report_pages.{page}", route_name=f"evidence_item.{name}",
                        permission="evidence.item:W", require_methods=BOTH, renderer=f"{TEMPLATES}{name}.jinja2")


def _desk(config, of_stocktakes) -> None:
    """Pages of whoever has things in hand, whatever case they belong to."""
    pages = "casework.evidence.custody_pages."
    config.add_route("scan", "/scan")
    config.add_view(f"{pages}scan", route_name="scan", permission="evidence.item:M", require_methods=BOTH,
                    read_by_post=True, renderer=f"{TEMPLATES}scan.jinja2")
    config.add_route("custody.out", "/custody/out")
    config.add_view(f"{pages}out", route_name="custody.out", permission="custody.event:W",
                    renderer=f"{TEMPLATES}out.jinja2")
    config.add_route("stocktake.list", "/stocktakes")
    config.add_view(f"{pages}counts", route_name="stocktake.list", permission="custody.event:R",
                    renderer=f"{TEMPLATES}stocktakes.jinja2")
    config.add_route("stocktake.new", "/stocktakes/new")
    config.add_view(f"{pages}begin", route_name="stocktake.new", permission="custody.event:W", require_methods=BOTH,
                    renderer=f"{TEMPLATES}begin.jinja2")
    config.add_route("stocktake.scan", "/stocktakes/{stocktake}/scan", factory=of_stocktakes)
    config.add_view(f"{pages}count", route_name="stocktake.scan", permission="custody.event:W", require_methods=BOTH,
                    renderer=FORM)
