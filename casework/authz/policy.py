"""Pyramid's security policy: identity once per request, then the matrix. Unlisted is refused."""

from pathlib import Path

from pyramid.request import RequestLocalCache
from pyramid.security import Allowed, Denied

from .access import access_to_one
from .identity import Identity
from .matrix import load
from .scope import use_matrix

NOBODY = "nobody"
SIGNED_IN = "signed-in"


class Policy:
    """`registry["load_identity"]` (registered by accounts) finds the person; this class decides."""

    def __init__(self, matrix):
        self.matrix = matrix
        self._identities = RequestLocalCache(self._load)

    def _load(self, request) -> Identity | None:
        identity = request.registry["load_identity"](request)
        request.db.info["identity"] = identity
        request.db.info["matrix"] = request.registry["matrix_hash"]
        request.db.info["address"] = request.client_addr if identity else None
        return identity

    def identity(self, request) -> Identity | None:
        return self._identities.get_or_create(request)

    def renew(self, request) -> None:
        """Who asks has changed within this request (signed in, signed out, chose a role): ask anew."""
        self._identities.clear(request)
        self.identity(request)

    def authenticated_userid(self, request):
        identity = self.identity(request)
        return None if identity is None else str(identity.user_id)

    def permits(self, request, context, permission: str):
        """Allowed with the rule that allowed it, or Denied.

        A permission is `signed-in` or `<row>:<level>`, or `<row>|<row>:<level>` where the records of a page fall
        under several rows and any will do. Where the context has a record, the row's conditions are asked of that
        record; where it has none (lists, a new record) the role alone decides and the row scope or the creation's
        own checks do the rest.
        """
        identity = self.identity(request)
        answer = Denied("not signed in") if identity is None else self._allows(request, identity, context, permission)
        if answer and "casework.rule" not in request.environ:
            # The first that is asked is the view's own: what it writes and reads is by this rule.
            request.environ["casework.rule"] = request.db.info["rule"] = answer.msg
        return answer

    def _allows(self, request, identity: Identity, context, permission: str):
        if permission == SIGNED_IN:
            return Allowed("signed in")
        if getattr(context, "unseen", False):
            return Denied(f"{identity.role} never sees what the address names")
        rows, _, level = permission.partition(":")
        answer = Denied(f"no such permission: {permission}")
        record = getattr(context, "record", None)
        if level == "M" and getattr(context, "own", record) is None:
            # A list of children: some may be seen though the facts of their owner do not say so.
            record = None
        for row in rows.split("|"):
            answer = self._permits(request, identity, record, row, level)
            if answer:
                break
        return answer

    def _permits(self, request, identity: Identity, record, row: str, level: str):
        """One row of the matrix."""
        if row not in self.matrix.rows or level not in ("M", "R", "W", "A"):
            return Denied(f"no such permission: {row}:{level}")
        if not self.matrix.cell(row, identity.role).may(level):
            return Denied(f"{identity.role} has no {level} on {row}")
        if record is None:
            return Allowed(f"{row} {identity.role} {level}")
        own_row = type(record).__scope__.row
        access = access_to_one(request.db, identity, record, None if own_row == row or not isinstance(own_row, str)
                               and row in own_row.rows.values() else row)
        if level in access:
            return Allowed(access.rule(level))
        return Denied(f"{identity.role} has no {level} on this {row}")

    def remember(self, request, userid, **kw):
        return []

    def forget(self, request, **kw):
        return []


def includeme(config):
    settings = config.get_settings()
    matrix = load(Path(settings["casework.etc"]) / "matrix.csv")
    use_matrix(matrix)
    config.registry["matrix"] = matrix
    config.registry["matrix_hash"] = matrix.sha256
    config.registry.setdefault("load_identity", lambda request: None)
    config.set_security_policy(Policy(matrix))
    config.set_default_permission(NOBODY)
