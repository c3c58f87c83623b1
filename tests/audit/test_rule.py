"""Every entry of a request says by which rule it was let in, from where, and under which version of the matrix."""

import json

import sqlalchemy as sa

from casework.audit.models import AuditEntry
from tests.support import scene


def test_what_a_request_writes_and_reads_names_its_rule(app, database):
    made = scene.build(database)
    with database.engine.connect() as connection:
        before = connection.execute(sa.select(sa.func.max(AuditEntry.seq))).scalar()
    browser = made.browser(app, "inv")
    path = f"/cases/{made.case.ref}"
    browser.get(path)
    browser.get(f"{path}/evidence/{made.item.ref}")
    form = browser.get(f"{path}/notes/new").forms["form"]
    form["text"] = "Spoke with the school (fictional)."
    form["kind"] = next(value for value, *_rest in form["kind"].options if value) if "kind" in form.fields else ""
    form.submit(status=303)
    with database.engine.connect() as connection:
        query = sa.select(AuditEntry.verb, AuditEntry.body).where(
            AuditEntry.seq > before, AuditEntry.actor_id == made.who("inv").user_id, AuditEntry.verb != "sign_in")
        found = [(verb, json.loads(body)) for verb, body in connection.execute(query)]
    within = [(verb, body) for verb, body in found if body.get("rule") not in (None, "signed in")]
    assert {"view", "create"} <= {verb for verb, _body in within}
    for verb, body in within:
        row, role, _term = body["rule"].split(" ", 2)
        assert role == "INV", (verb, body["rule"])
        assert row.split(".")[0] in ("case", "evidence", "note", "task"), (verb, body["rule"])
        assert body["address"] == "192.0.2.1"
        assert body["matrix"] == app.registry["matrix_hash"]
        assert body["session_id"]
        assert body["request_id"]
