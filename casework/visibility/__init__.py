"""Who can see what, and who did: now, at a past moment, and in words for a child."""

from casework.cases import screens
from casework.records.registry import factory, pattern
from casework.web.i18n import _

from . import child_list, matrix_page, record_page

TEMPLATES = "casework:visibility/templates/"


def includeme(config):
    """After all record types are declared: each gets its page."""
    types = config.registry["record_types"]
    for rt in types.values():
        one = f"{pattern(types, rt)}/{{{rt.name}}}"
        config.add_route(f"{rt.name}.who", f"{one}/who", factory=factory(types, rt))
        config.add_view(record_page.page, route_name=f"{rt.name}.who", permission=f"{rt.permission}:R",
                        renderer=TEMPLATES + "who.jinja2")
    config.registry.setdefault("further_pages", []).extend((record_page.link, child_list.link))
    config.add_route("support_referral.right_to_know", "/support/{support_referral}/right-to-know",
                     factory=factory(types, types["support_referral"]))
    config.add_view(child_list.make, route_name="support_referral.right_to_know", permission="support.referral:R",
                    renderer=TEMPLATES + "right_to_know.jinja2", require_methods=("GET", "POST"), read_by_post=True)
    config.add_route("matrix", "/who-can-see-what")
    config.add_view(matrix_page.page, route_name="matrix", permission="signed-in",
                    renderer=TEMPLATES + "matrix.jinja2")
    screens.entry(("AUD", "ADM", "OVS"), _("Who can see what"), "/who-can-see-what")
