"""Search, and the keeping of drafts."""

from pyramid.httpexceptions import HTTPBadRequest, HTTPNotFound, HTTPSeeOther

from casework.db.refs import parse_ref
from casework.web.i18n import format_datetime

from . import drafts
from .find import Found, find, find_also
from .names import case_refs
from .registry import fetch, path_to


def search(request) -> dict:
    """Records by reference or text, as far as this person may see them. Words come in the body alone: an address is
    kept by browsers and servers, and names of children are typed here."""
    words, after = request.POST.get("q", "").strip()[:200], request.POST.get("after")
    found = find(request, words, after) if words else Found([])
    sections = find_also(request, words) if words and not after else []
    if words:
        also = [hit.ref for section in sections for hit in section.hits]
        request.audit("search", found=len(found.hits) + len(also), **({"also": also} if also else {}))
    types, groups = request.registry["record_types"], {}
    for hit in found.hits:
        groups.setdefault(hit.type, []).append(hit)
    return {
        "words": words, "sections": sections, "older": found.older,
        "groups": [(types[name], hits) for name, hits in groups.items()],
        "cases": case_refs(request, (
            *(hit.case_id for hit in found.hits if hit.type != "case"),
            *(hit.case_id for section in sections for hit in section.hits),
        )),
    }


def go(request):
    """From a reference to the record's page, for lists that know no more than the reference."""
    ref = parse_ref(request.matchdict["ref"]) or ""
    for prefix, path_of in request.registry.get("go_paths", {}).items():
        if ref.startswith(prefix):
            return HTTPSeeOther(path_of(ref))
    record = fetch(request, request.matchdict["ref"])
    path = None if record is None else path_to(request, record)
    if path is None:
        raise HTTPNotFound()
    needed = request.registry.get("purpose_needed")
    if request.GET.get("hit") and needed is not None and needed(request, record):
        return HTTPSeeOther(f"/purpose/{record.ref}")
    return HTTPSeeOther(path)


def _own_path(text: str) -> str:
    if not drafts.is_own_path(text):
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


def discard_draft(request):
    """Throw the draft away and show the form empty."""
    form = _own_path(request.POST.get("form_path", ""))
    drafts.drop(request.db, request.identity.user_id, form)
    return HTTPSeeOther(form)
