"""The auditor's and the analyst's pages. Sees everything, imported by nobody."""

from casework.cases import screens
from casework.web.i18n import _

from . import statistics, views


def includeme(config):
    templates = "casework:oversight/templates/"
    config.add_route("audit.desk", "/audit")
    config.add_view(views.desk, route_name="audit.desk", permission="audit.log:R", renderer=templates + "desk.jinja2")
    config.add_route("audit.own", "/account/activity")
    config.add_view(views.own_activity, route_name="audit.own", permission="signed-in",
                    renderer=templates + "own.jinja2")
    config.add_route("matrix", "/who-can-see-what")
    config.add_view(views.matrix_page, route_name="matrix", permission="signed-in",
                    renderer=templates + "matrix.jinja2")
    screens.panel("AUD", views.denied_panel)
    screens.panel("OVS", statistics.referrals_panel)
    screens.panel("OVS", statistics.cases_panel)
    screens.entry(("AUD",), _("Audit log"), "/audit")
    screens.entry(("AUD", "ADM", "OVS"), _("Who can see what"), "/who-can-see-what")
