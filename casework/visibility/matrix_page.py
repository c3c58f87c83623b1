"""The matrix as a page for everybody: choose a role and read down, or a record and read across."""

from typing import Any

from casework.authz.identity import ROLES
from casework.web.render import code_label, translate

from .words import GROUPS, sentences, title


def page(request) -> dict:
    """What the address asks for: one role (one's own where it asks for nothing), one row, or everything."""
    matrix, codes, locale = request.registry["matrix"], request.registry["codes"], request.locale_name
    row = matrix.rows.get(request.GET.get("row", ""))
    role = request.GET.get("role") if request.GET.get("role") in ROLES else None
    everything = request.GET.get("all") == "1"
    if row is None and role is None and not everything:
        role = request.identity.role
    names = {one: codes.label("roles", one, locale) for one in ROLES}
    return {
        "role": role if row is None and not everything else None, "row": row if not everything else None,
        "everything": everything, "roles": names, "groups": _groups(request),
        "own": code_label(request, "roles", request.identity.role), "sha256": request.registry["matrix_hash"],
        "title_of": lambda one: title(one, locale), "said": lambda one, of: sentences(request, one.cells[of]),
    }


def _groups(request) -> list[tuple[str, list[Any]]]:
    rows = request.registry["matrix"].rows
    return [(translate(request, name), [rows[key] for key in keys]) for name, keys in GROUPS]
