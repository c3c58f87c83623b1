"""Every component and every form widget on one page, clean and failed. Only in development."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import colander
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.settings import asbool

from casework.web.forms import handle, make_form
from casework.web.i18n import _

YES_NO = [("yes", _("Yes")), ("no", _("No")), ("unknown", _("Not known"))]
WAYS = [("phone", _("Telephone")), ("web", _("Web form")), ("visit", _("In person"))]
OFFICES = [(str(number), _("Office ${number}", mapping={"number": number})) for number in range(1, 10)]
AT = datetime(2025, 3, 27, 3, 30, tzinfo=UTC)


class Contact(colander.Schema):
    """One of the repeated items."""

    name = colander.SchemaNode(colander.String(), title=_("Full name"))
    by = colander.SchemaNode(colander.String(), title=_("Reached by"), choices=WAYS, missing=None)


class Contacts(colander.SequenceSchema):
    """Add another."""

    contact = Contact(title=_("Contact"))


class Words(colander.SequenceSchema):
    """Add another, of one field each."""

    word = colander.SchemaNode(colander.String(), title=_("Alias"))


class Place(colander.Schema):
    """A group of fields."""

    street = colander.SchemaNode(colander.String(), title=_("Street"))
    number = colander.SchemaNode(colander.Integer(), title=_("House number"), missing=None)


class EveryWidget(colander.Schema):
    """One field for each widget."""

    title = colander.SchemaNode(
        colander.String(), title=_("Title"), description=_("In Khmer or English, without names of persons"),
        validator=colander.Length(max=60),
    )
    danger = colander.SchemaNode(colander.String(), title=_("Immediate danger"), choices=YES_NO)
    ways = colander.SchemaNode(
        colander.Set(), title=_("How it came"), description=_("Choose all that apply"), choices=WAYS,
    )
    office = colander.SchemaNode(colander.String(), title=_("Office"), choices=OFFICES)
    received = colander.SchemaNode(
        colander.DateTime(), title=_("Received"), description=_("For example, 27 3 2025, 14:05"),
    )
    seen = colander.SchemaNode(colander.Date(), title=_("First seen"))
    born = colander.SchemaNode(
        colander.String(), title=_("Born"), description=_("The year alone is enough"), partial=True, missing=None,
    )
    count = colander.SchemaNode(colander.Integer(), title=_("Number of items"), validator=colander.Range(1, 999))
    account = colander.SchemaNode(
        colander.String(), title=_("What was reported"), long=True, missing=None,
        description=_("Say what was reported. Do not describe images."),
    )
    code = colander.SchemaNode(colander.String(), title=_("Password"), secret=True, autocomplete="current-password")
    agreed = colander.SchemaNode(
        colander.Boolean(), title=_("I have read the rules"),
        validator=colander.Function(bool, msg=_("Tick this to go on.")),
    )
    place = Place(title=_("Place"))
    contacts = Contacts(title=_("Contacts"), min_len=1)
    aliases = Words(title=_("Aliases"), missing=())


def every_widget(request):
    """GET shows the page; POST shows the form with what is wrong with it."""
    now = datetime.now(UTC)
    form = make_form(request, EveryWidget, buttons=("save", ("later", _("Save for later"))), version=1)
    shown = handle(request, form, lambda _data: HTTPSeeOther("/styleguide"))
    if not isinstance(shown, dict):
        return shown
    clocks = [now + step for step in (timedelta(days=9), timedelta(hours=3, minutes=20), timedelta(days=-2))]
    return shown | {"clocks": clocks, "at": AT, "title": _("Components")}


def includeme(config) -> None:
    """The page /styleguide, when the setting `casework.development` is true."""
    if not asbool(config.registry.settings.get("casework.development")):
        return
    config.add_route("styleguide", "/styleguide")
    config.add_view(
        every_widget, route_name="styleguide", renderer="styleguide.jinja2", permission=NO_PERMISSION_REQUIRED,
        request_method=("GET", "POST"),
    )
