"""What must be true of a database whatever happened to those who wrote to it."""

import json
import uuid
from collections import Counter
from collections.abc import Iterable

from sqlalchemy import inspect, select, text

from casework.audit.capture import json_value
from casework.audit.models import Audited, AuditEntry
from casework.audit.verify import verify
from casework.cases.models import Note
from casework.db.base import Base
from casework.evidence.chain import verify_chain
from casework.evidence.models import EvidenceItem
from casework.records.models import Submission
from casework.referrals.models import Referral
from casework.workflow.models import StateChange
from tests.support.databases import Database

from .story import ANSWERED, SENT, Diary

# Not in the log: they say of themselves when and by whom, or follow from the rest.
NOT_LOGGED = frozenset({"id", "version", "created_at", "created_by_id"})


def problems(database: Database, diaries: Iterable[Diary]) -> list[str]:
    """Everything that is wrong, in words; empty when nothing is."""
    acts = [act for diary in diaries for act in diary.read()]
    report = verify(database.engine)
    found = [] if report.ok else [f"the log: {report.problem}"]
    found += log_and_records(database)
    with database.work(readonly=True, unscoped=1) as db:
        found += acknowledged(db, acts)
        for item in db.scalars(select(EvidenceItem)):
            found += [f"item {item.ref}, link {p.seq}: {p.message}" for p in verify_chain(db, item)]
    if database.backend == "sqlite":
        with database.engine.connect() as connection:
            said = connection.execute(text("PRAGMA integrity_check")).scalar_one()
            found += [] if said == "ok" else [f"the file: {said}"]
    return found


def acknowledged(db, acts: list[dict]) -> list[str]:
    """What was answered is there once; what was sent without an answer at most once; nothing else is there."""
    locations = {act["mark"]: act["location"] for act in acts if act["what"] == ANSWERED}
    led = Counter(mark for mark, _place in {(a["mark"], a["location"]) for a in acts if a["what"] == ANSWERED})
    sent = {act["mark"]: act for act in acts if act["what"] == SENT}
    known = dict(db.execute(select(Submission.token, Submission.location)).all())
    rows = Counter(db.scalars(select(Referral.narrative))) + Counter(db.scalars(select(Note.text)))
    items = Counter(words.rpartition(" ")[2] for words in db.scalars(select(EvidenceItem.description)))
    steps = Counter(
        db.scalars(select(Referral.ref).join(StateChange, StateChange.record_id == Referral.id)
                   .where(StateChange.event == "start_triage"))
    )
    found = [f"form {mark} led to {places} places" for mark, places in led.items() if places > 1]
    for mark, act in sent.items():
        fields = dict(act.get("fields", ()))
        if act["kind"] == "item":
            count = items[mark]
        elif act["path"].endswith("/do/start_triage"):
            count = steps[act["path"].split("/")[2]]
        else:
            count = rows[fields.get("narrative") or fields["text"]]
        wanted = (1,) if mark in locations else (0, 1)
        if count not in wanted:
            answered = "answered" if mark in locations else "not answered"
            found.append(f"{act['kind']} {act.get('path', '')} {mark}: there {count} times, {answered}")
        if act["kind"] == "form":
            kept = known.get(uuid.uuid5(uuid.UUID(act["user"]), mark))
            if (mark in locations and (kept is None or not locations[mark].endswith(kept))) or (count == 0 and kept):
                found.append(f"form {act['path']} {mark}: kept {kept}, answered {locations.get(mark)}")
            if count == 1 and kept is None:
                found.append(f"form {act['path']} {mark}: saved without its token")
    counted = {words for words in rows if words and "that is counted" in words}
    unknown = counted - {value for act in sent.values() for _name, value in act.get("fields", ())}
    return found + [f"nobody sent: {words}" for words in unknown]


def log_and_records(database: Database) -> list[str]:
    """The log, played from its beginning, gives every record as it stands; and every record it speaks of is there."""
    played: dict[tuple[str, str], dict] = {}
    entries = AuditEntry.__table__
    with database.engine.connect() as connection:
        query = select(entries.c.record_type, entries.c.record_id, entries.c.body).order_by(entries.c.seq)
        for record_type, record_id, body in connection.execute(query):
            fields = json.loads(body).get("fields")
            if record_id is not None and isinstance(fields, dict):
                state = played.setdefault((record_type, str(record_id)), {})
                state.update({name: new for name, (_old, new) in fields.items()})
    found = []
    with database.work(readonly=True, unscoped=1) as db:
        for model in sorted({m.class_ for m in Base.registry.mappers if issubclass(m.class_, Audited)}, key=str):
            for record in db.scalars(select(model)):
                state = played.pop((model.__tablename__, str(record.id)), None)
                name = f"{model.__tablename__} {getattr(record, 'ref', record.id)}"
                if state is None:
                    found.append(f"{name}: the log does not know of it")
                    continue
                found += [f"{name}: {field} is not what the log says" for field in _differing(record, state)]
    return found + [f"{kind} {record_id}: the log speaks of it and it is not there" for kind, record_id in played]


def _differing(record, state: dict) -> list[str]:
    wrong = []
    for attribute in inspect(record).mapper.column_attrs:
        column = attribute.columns[0]
        if attribute.key in NOT_LOGGED or column.info.get("hashed"):
            continue
        # What a new record was not given is its column's own default, which the log leaves out.
        default = column.default.arg if column.default is not None and column.default.is_scalar else None
        if json_value(getattr(record, attribute.key)) != state.get(attribute.key, default):
            wrong.append(attribute.key)
    return wrong
