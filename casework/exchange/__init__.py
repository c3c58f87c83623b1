"""Evidence that leaves casework: the graph of a case in the words of CASE, and the disclosure package around it."""

TEMPLATES = "casework:exchange/templates/"
FORM = "casework:records/templates/form.jinja2"


def includeme(config) -> None:
    """The record type of packages, its own pages, and what its form offers. After the features."""
    from casework.records.registry import factory

    from . import types

    config.add_options("items:disclosable", types.disclosable)
    config.add_options("files:disclosable", types.disclosable_files)
    make = factory(config.registry["record_types"], types.PACKAGE)
    base = "/cases/{case}/packages"
    # Before the generic page, whose pattern would take "new" for a reference.
    config.add_route("disclosure_package.list", base, factory=make)
    config.add_view("casework.exchange.views.listing", route_name="disclosure_package.list",
                    permission="evidence.file:M", renderer=f"{TEMPLATES}list.jinja2", many=("state",))
    config.add_route("disclosure_package.new", f"{base}/new", factory=make)
    config.add_view("casework.exchange.views.new", route_name="disclosure_package.new", permission="evidence.file:R",
                    require_methods=("GET", "POST"), renderer=FORM, own_check=True)
    config.add_route("disclosure_package.progress", base + "/{disclosure_package}/progress", factory=make)
    config.add_view("casework.exchange.views.progress", route_name="disclosure_package.progress",
                    permission="evidence.file:M", renderer="json")
    config.add_route("disclosure_package.download", base + "/{disclosure_package}/download", factory=make)
    config.add_view("casework.exchange.views.download", route_name="disclosure_package.download",
                    permission="evidence.file:R")
    config.add_record_type(types.PACKAGE)
    # The end of the address is where a form with a file may come to.
    config.add_route("package_check", "/packages/files/new")
    config.add_view("casework.exchange.check_page.page", route_name="package_check", permission="evidence.file:R",
                    require_methods=("GET", "POST"), read_by_post=True, renderer=f"{TEMPLATES}check.jinja2")
