"""Pages of people that the generic ones do not fit: the choice of a role, lists with more to do, the paste."""

from typing import Any

from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound, HTTPSeeOther

from casework.records.forms import run_form
from casework.records.registry import Context, path_to
from casework.records.views import listing
from casework.web.forms import handle, make_form
from casework.web.i18n import _
from casework.web.render import code_label
from casework.workflow.engine import NotAllowed, Problem, Refused
from schemas.person import IdentifierPaste

from . import identifiers, service

TITLES = {
    "victim": _("New child"), "suspect": _("New suspect"), "witness": _("New witness"),
    "caregiver": _("New caregiver"), "other": _("New person"),
}


def people(context: Context, request) -> dict:
    """The people of a case as this person may see them: pseudonyms, never a name."""
    page = listing(context, request)
    roles = service.roles_for(request.db, request.identity, context.parent)
    return {**page, "may_create": bool(roles)}


def choose_role(context: Context, request):
    """Who the new person is; the form depends on it."""
    roles = service.roles_for(request.db, request.identity, context.parent)
    if not roles:
        raise HTTPForbidden(f"{request.identity.role} adds nobody here")
    chosen = request.GET.get("role")
    if chosen in roles:
        return HTTPSeeOther(f"{request.path}/{chosen}")
    if chosen is not None:
        raise HTTPForbidden(f"{request.identity.role} adds no such person here")
    return {"case": context.parent, "roles": [(role, code_label(request, "person_role", role)) for role in roles]}


def new_person(context: Context, request):
    """The form of one role, for who may write people of that role in this case."""
    case, role = context.parent, request.matchdict["role"]
    if role not in service.SCHEMAS:
        raise HTTPNotFound()
    if role not in service.roles_for(request.db, request.identity, case):
        raise HTTPForbidden(f"{request.identity.role} adds no {role} here")

    def save(data: dict) -> str:
        return path_to(request, service.add_person(request.db, request.identity, case, role, data))

    return run_form(
        request, service.SCHEMAS[role](), title=TITLES[role], save=save, back=f"/cases/{case.ref}/people",
        values={"role": role, "sex": None},
    )


def identifier_list(context: Context, request) -> dict:
    """The identifiers of a case: masks only."""
    page = listing(context, request)
    return {**page, "may_create": identifiers.may_add(request.db, request.identity, context.parent)}


class Paste(IdentifierPaste):
    """The lines are judged one by one by `identifiers.judge_paste`, so that all that is wrong is told at once."""

    def validator(self, node: Any, value: dict) -> None:
        """Nothing goes over several fields."""


def paste(context: Context, request):
    """Several identifiers at once: first shown as they would be added, then all added, or none."""
    case, db, rules = context.parent, request.db, request.registry["provider_rules"]
    page = {"case": case, "lines": None}
    form = make_form(
        request, Paste(), buttons=(("save", _("Add all")), ("look", _("Look first"))), action=request.path,
        form_id="form",
    )

    def on_valid(data: dict):
        data = dict(data)
        lines = data.pop("lines")
        judged = identifiers.judge_paste(
            db, case, lines, type=data.get("type"), platform=data.get("platform"), provider_rules=rules
        )
        if "save" not in request.POST or any(line.problem for line in judged):
            if "save" in request.POST:
                request.response.status_int = 422
                request.tm.doom()
            return {"lines": judged, "form": form.render_typed(request.POST)}
        try:
            identifiers.paste_identifiers(db, request.identity, case, lines, data, provider_rules=rules)
        except NotAllowed as denied:
            raise HTTPForbidden(str(denied)) from None
        except Refused as refused:
            return _refused(request, form, refused.problems)
        return HTTPSeeOther(f"/cases/{case.ref}/identifiers")

    shown = handle(request, form, on_valid)
    return {**page, **shown} if isinstance(shown, dict) else shown


def _refused(request, form, problems: tuple[Problem, ...]) -> dict:
    request.response.status_int = 422
    request.tm.doom()
    form.failure(problems[0].message)
    return {"lines": None, "form": form.render_typed(request.POST)}
