"""Files that casework holds: documents about a case, never material (docs/adr/0109-files-at-rest.md).

Features use `config.add_files(record type)` for pages under their records, `casework.files.service` for the rest.
"""

from typing import Any

BOTH = ("GET", "POST")


def add_files(config, rt: Any) -> None:
    """Directive: files of the records of a type, listed and added under their pages."""
    from casework.records.registry import factory, pattern

    from .models import ROWS
    from .types import FILE

    types = config.registry["record_types"]
    base, row, make = f"{pattern(types, rt)}/{{{rt.name}}}/files", ROWS[rt.name], factory(types, rt)
    config.add_route(f"{rt.name}.files", base, factory=make)
    config.add_view("casework.files.views.listing", route_name=f"{rt.name}.files", permission=f"{row}:M",
                    renderer="casework:files/templates/list.jinja2")
    if rt.frame is None:
        config.registry.setdefault("record_links", {})[rt.name] = [(FILE.plural, "files", row)]
    config.add_route(f"{rt.name}.add_file", f"{base}/new", factory=make)
    # Its record is written in a transaction of its own (casework.files.receiving).
    config.registry.setdefault("reads_by_post", set()).add(f"{rt.name}.add_file")
    config.add_view("casework.files.views.new", route_name=f"{rt.name}.add_file", permission=f"{row}:W",
                    require_methods=BOTH, renderer="casework:files/templates/new.jinja2")


def includeme(config) -> None:
    """The record type, its download, resumable uploads, and the directive."""
    from casework.records.registry import factory

    from . import fixity
    from .service import Files
    from .types import FILE
    from .views import choices

    settings = config.registry.get("settings")
    if settings is not None:
        config.registry["files"] = Files.of(settings)
        fixity.use(config.registry["files"])
        config.registry["form_limit"] = settings.form_limit
    config.add_directive("add_files", add_files)
    config.add_options("files:originals", choices)
    config.add_route("stored_file.download", "/files/{stored_file}/download",
                     factory=factory(config.registry["record_types"], FILE))
    config.add_view("casework.files.views.download", route_name="stored_file.download",
                    permission=f"{FILE.permission}:R")
    config.add_record_type(FILE)
    config.include(".tus")
