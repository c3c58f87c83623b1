"""Who may come to which address, by role, as a table that people read.

    python -m tests.standing.access      writes tests/access_matrix.txt anew, after a change that somebody has reviewed

Asked of the security policy itself, for each view that is installed: route, method, permission, and for each role

    yes   the role is let in
    rec   the role is let in where the record of the address says so; to all others the address does not exist
    no    the role is refused
    all   everybody, signed in or not
"""

import re
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

from pyramid.httpexceptions import HTTPNotFound
from pyramid.interfaces import IRoutesMapper, ISecurityPolicy
from pyramid.security import NO_PERMISSION_REQUIRED

from casework.authz.identity import ROLES, Identity

FILE = Path(__file__).parents[1] / "access_matrix.txt"
PLACEHOLDER = re.compile(r"\{(\w+)(?::(?:[^{}]|\{[^{}]*\})*)?\}")


def lines(app) -> list[str]:
    """The table, sorted by address; the roles first, so that a new address moves nothing else."""
    rows = [("address", "methods", "permission", *ROLES), *sorted(set(_rows(app)))]
    return [
        f"{' '.join(cell.ljust(3) for cell in cells)}  {methods:8}  {address}  {permission}"
        for address, methods, permission, *cells in rows
    ]


def _rows(app) -> Iterator[tuple[str, ...]]:
    policy = app.registry.getUtility(ISecurityPolicy)
    routes = {route.name: route for route in app.registry.getUtility(IRoutesMapper).get_routes()}
    for entry in app.registry.introspector.get_category("views"):
        view = entry["introspectable"]
        route = routes.get(view["route_name"])
        if route is None:
            continue
        permission = next((r["value"] for r in entry["related"] if r.category_name == "permissions"), "nobody")
        # What a placeholder must look like is not of interest here.
        pattern = PLACEHOLDER.sub(r"{\1}", route.pattern)
        cells = [_cell(app.registry, policy, role, str(permission), route) for role in ROLES]
        shown = "-" if permission == NO_PERMISSION_REQUIRED else str(permission)
        named = view.get("require_methods") or view.get("request_methods") or ("GET",)
        yield pattern, "+".join([named] if isinstance(named, str) else sorted(set(named) - {"HEAD"})), shown, *cells


def _cell(registry, policy, role: str, permission: str, route) -> str:
    if permission == NO_PERMISSION_REQUIRED:
        return "all"
    identity = Identity(uuid.UUID(int=1), "Nobody in particular", role, uuid.UUID(int=2))
    request = SimpleNamespace(registry=registry, identity=identity, matchdict=dict.fromkeys(_names(route), "no-ref"))
    try:
        context = route.factory(request) if route.factory else None
    except HTTPNotFound:
        context = None
    if not _permits(policy, identity, permission, context):
        return "no"
    return "rec" if _names(route) else "yes"


def _names(route) -> list[str]:
    return PLACEHOLDER.findall(route.pattern)


def _permits(policy, identity: Identity | None, permission: str, context=None) -> bool:
    twin = type(policy)(policy.matrix)
    twin.identity = lambda request: identity
    # The rule that lets somebody in is noted on the request.
    request = SimpleNamespace(environ={}, db=SimpleNamespace(info={}))
    return bool(twin.permits(request, context, permission))


def permits(app, identity: Identity | None, permission: str) -> bool:
    """What the policy says to this person of this permission, no record in view."""
    return _permits(app.registry.getUtility(ISecurityPolicy), identity, permission)


def write() -> None:
    """The table of the program as it is now, into its file."""
    import casework
    from casework.crypto.keyring import KeyRing

    with tempfile.TemporaryDirectory() as folder:
        KeyRing.create(Path(folder) / "keys.json")
        app = casework.main({}, **{
            "casework.development": "true", "casework.data": folder, "casework.keys": f"{folder}/keys.json",
            "casework.database_url": f"sqlite:///{folder}/none.sqlite",
        })
        FILE.write_text("\n".join(lines(app)) + "\n", encoding="ascii")


if __name__ == "__main__":
    write()
