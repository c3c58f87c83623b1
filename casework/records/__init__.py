"""One declaration per record type, and the generic pages that hang on it."""


def includeme(config):
    from . import drafts
    from .find import add_finder

    config.include(".erasing_pages")
    config.include(".frame")
    config.include(".options")
    config.include(".show")
    config.add_directive("add_finder", add_finder)
    config.add_route("search", "/search")
    config.add_view("casework.records.pages.search", route_name="search", permission="signed-in",
                    require_methods=("GET", "POST"), renderer="casework:records/templates/search.jinja2")
    config.registry.setdefault("reads_by_post", set()).add("search")
    config.add_route("go", "/go/{ref}")
    config.add_view("casework.records.pages.go", route_name="go", permission="signed-in")
    config.add_route("draft", "/draft")
    config.add_view("casework.records.pages.save_draft", route_name="draft", permission="signed-in",
                    require_methods=("POST",), renderer="json")
    config.add_route("draft.discard", "/draft/discard")
    config.add_view("casework.records.pages.discard_draft", route_name="draft.discard", permission="signed-in",
                    require_methods=("POST",))
    config.registry["save_typed"] = drafts.save_typed
