"""People of a case or referral, their places and identifiers."""

from casework.records.registry import factory
from casework.records.views import filter_names

TEMPLATES = "casework:people/templates/"
FORM = "casework:records/templates/form.jinja2"


def includeme(config) -> None:
    """Record types and pages. What is written out, such as `new`, comes before the page of one record."""
    from . import erasing, finding, types  # noqa: F401  what is erased with a case

    known = config.registry["record_types"]
    people, traces = factory(known, types.PERSON), factory(known, types.IDENTIFIER)
    in_case = "/cases/{case}"
    write = f"{types.PERSON.permission}:W"
    config.add_route("person.list", f"{in_case}/people", factory=people)
    config.add_view("casework.people.views.people", route_name="person.list", renderer=f"{TEMPLATES}people.jinja2",
                    permission=f"{types.PERSON.permission}:M", many=filter_names(types.PERSON))
    config.add_route("person.new", f"{in_case}/people/new", factory=people)
    config.add_view("casework.people.views.choose_role", route_name="person.new", permission=write,
                    renderer=f"{TEMPLATES}choose_role.jinja2")
    config.add_route("person.new_role", f"{in_case}/people/new/{{role:[a-z]+}}", factory=people)
    config.add_view("casework.people.views.new_person", route_name="person.new_role", permission=write, renderer=FORM,
                    require_methods=("GET", "POST"))
    config.add_route("identifier.list", f"{in_case}/identifiers", factory=traces)
    config.add_view("casework.people.views.identifier_list", route_name="identifier.list", permission="identifier:M",
                    renderer=f"{TEMPLATES}identifiers.jinja2", many=filter_names(types.IDENTIFIER))
    config.add_route("identifier.paste", f"{in_case}/identifiers/paste", factory=traces)
    config.add_view("casework.people.views.paste", route_name="identifier.paste", permission="identifier:W",
                    renderer=f"{TEMPLATES}paste.jinja2", require_methods=("GET", "POST"))
    config.add_erasable(types.PERSON)
    config.add_finder(finding.found)
    for rt in (types.PERSON, types.ADDRESS, types.IDENTIFIER):
        config.add_record_type(rt)
    config.add_options("records:source", types.sources)
