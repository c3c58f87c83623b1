"""The auditor's and the analyst's pages. Sees everything, imported by nobody."""

from casework.cases import screens
from casework.web.i18n import _

from . import desk, samples, statistics, views
from .questions import PAGES

TEMPLATES = "casework:oversight/templates/"
FORM = "casework:records/templates/form.jinja2"
READ = "audit.log:R"


def includeme(config):
    config.add_route("audit.own", "/account/activity")
    config.add_view(views.own_activity, route_name="audit.own", permission="signed-in",
                    renderer=TEMPLATES + "own.jinja2")
    config.include(_desk)
    config.include(_samples)
    screens.panel("AUD", views.denied_panel)
    screens.panel("OVS", statistics.referrals_panel)
    screens.panel("OVS", statistics.cases_panel)
    screens.entry(("AUD",), _("Auditor's desk"), "/audit")


def _desk(config):
    config.add_route("audit.desk", "/audit", factory=desk.Desk)
    config.add_view(desk.desk, route_name="audit.desk", permission=READ, renderer=TEMPLATES + "desk.jinja2")
    for page in PAGES.values():
        config.add_route(f"audit.{page.name}", page.path, factory=desk.Desk)
        config.add_view(desk.question, route_name=f"audit.{page.name}", permission=READ,
                        renderer=TEMPLATES + "desk.jinja2")
        config.add_route(f"audit.{page.name}.file", f"{page.path}/file", factory=desk.Desk)
        config.add_view(desk.file, route_name=f"audit.{page.name}.file", permission=READ, renderer=FORM,
                        require_methods=("GET", "POST"), read_by_post=True)
    config.add_route("audit.proof", "/audit/proof/{seq}", factory=desk.Desk)
    config.add_view(desk.prove, route_name="audit.proof", permission=READ)
    config.add_route("audit.health", "/audit/health", factory=desk.Desk)
    config.add_view(desk.log_health, route_name="audit.health", permission=READ,
                    renderer=TEMPLATES + "health.jinja2")


def _samples(config):
    base = "/audit/samples"
    config.add_route("audit.samples", base, factory=desk.Desk)
    config.add_view(samples.listing, route_name="audit.samples", permission=READ,
                    renderer=TEMPLATES + "samples.jinja2")
    config.add_route("audit.samples.new", f"{base}/new", factory=desk.Desk)
    config.add_view(samples.prepare, route_name="audit.samples.new", permission=READ, renderer=FORM,
                    require_methods=("GET", "POST"), read_by_post=True)
    one = f"{base}/{{sample}}"
    config.add_route("audit.sample", one, factory=samples.Sample)
    config.add_view(samples.view, route_name="audit.sample", permission=READ, renderer=TEMPLATES + "sample.jinja2")
    for step in (samples.drawing, samples.answering):
        name = {"drawing": "draw", "answering": "answers"}[step.__name__]
        config.add_route(f"audit.sample.{name}", f"{one}/{name}", factory=samples.Sample)
        config.add_view(step, route_name=f"audit.sample.{name}", permission=READ, require_methods=("POST",),
                        read_by_post=True)
    config.add_route("audit.sample.sign", f"{one}/sign", factory=samples.Sample)
    config.add_view(samples.sign, route_name="audit.sample.sign", permission=READ, renderer=FORM, fresh_mfa=True,
                    require_methods=("GET", "POST"), read_by_post=True)
