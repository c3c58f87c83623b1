"""Search, and the keeping of drafts."""

from pyramid.httpexceptions import HTTPBadRequest, HTTPNotFound, HTTPSeeOther

from casework.web.i18n import format_datetime

from . import drafts
from .names import case_refs
from .registry import fetch, path_to
from .search import find


def search(request) -> dict:
    """Records by reference or text, as far as this person may see them."""
    words = request.GET.get("q", "").strip()[:200]
    hits = find(request, words) if words else []
    if words:
        request.audit("search", found=len(hits))
    types, groups = request.registry["record_types"], {}
    for hit in hits:
        groups.setdefault(hit.type, []).append(hit)
    return {
        "words": words, "groups": [(types[name], found) for name, found in groups.items()],
        "cases": case_refs(request, (hit.case_id for hit in hits if hit.type != "case")),
    }


def go(request):
    """From a reference to the record's page, for lists that know no more than the reference."""
    record = fetch(request, request.matchdict["ref"])
    path = None if record is None else path_to(request, record)
    if path is None:
        raise HTTPNotFound()
    return HTTPSeeOther(path)


def _own_path(text: str) -> str:
    if not text.startswith("/") or text.startswith("//") or len(text) > 200:
        raise HTTPBadRequest()
    return text


def save_draft(request) -> dict:
    """Keep what was typed so far; answers with the time for "Draft saved"."""
    form = _own_path(request.POST.get("form_path", ""))
    fields = [(k, v) for k, v in request.POST.items() if k != "form_path"]
    if sum(len(k) + len(v) for k, v in fields) > drafts.LIMIT:
        raise HTTPBadRequest()
    draft = drafts.keep(request.db, request.identity.user_id, form, fields)
    return {"saved": format_datetime(draft.updated_at, request.locale_name)}


def save_typed(request) -> None:
    """Keep a form that came with an old token as a draft, so that nothing typed is lost. Only after the request's own
    transaction, which is rolled back. The form came from our own page: foreign ones are refused before."""
    user_id, form = request.identity.user_id, request.path
    fields = [(k, v) for k, v in request.POST.items() if isinstance(v, str)]
    if len(form) <= 200 and sum(len(k) + len(v) for k, v in fields) <= drafts.LIMIT:
        request.afterwards(lambda session: drafts.keep(session, user_id, form, fields))


def discard_draft(request):
    """Throw the draft away and show the form empty."""
    form = _own_path(request.POST.get("form_path", ""))
    drafts.drop(request.db, request.identity.user_id, form)
    return HTTPSeeOther(form)
