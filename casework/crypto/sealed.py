"""Sealed attributes: plain values in Python, ciphertext in the database, every reading noted.

`sealed(S3)` on a model makes the column `<name>_sealed`. A value is encrypted at flush under the data key of the
record's subject (`__key__` names the attribute that holds the subject's id) and decrypted when it is read. The first
reading of each value is noted in `session.info["reads"]`; the outbox turns the notes into audit entries.
"""

import json
import secrets
import uuid
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any

from sqlalchemy import LargeBinary, event, select
from sqlalchemy.orm import Session, object_session

from casework.db.base import Base, Sensitivity, col, now

from .keyring import KeyRing
from .models import DataKey
from .seal import seal, unseal

_PENDING = b"\x00pending"


class Erased(Exception):
    """The data key of the subject was destroyed under an `order`: what was sealed under it is gone."""

    def __init__(self, subject_id: uuid.UUID, order: str | None = None):
        super().__init__(str(subject_id))
        self.order = order or "-"


class sealed:  # noqa: N801  reads like a column declaration
    """Descriptor of one sealed attribute; declares its own column."""

    def __init__(self, sensitivity: Sensitivity, *, meta: bool = False):
        self.sensitivity = sensitivity
        self.meta = meta

    def __set_name__(self, owner: type, name: str) -> None:
        self.name, self.column = name, f"{name}_sealed"
        info = {"encrypted": True, "sealed": name}
        setattr(owner, self.column, col(self.sensitivity, LargeBinary, nullable=True, info=info, meta=self.meta))

    def __get__(self, record: Any, owner: type | None = None) -> Any:
        if record is None:
            return self
        plain = record.__dict__.get("_plain", {})
        if self.name in plain:
            return plain[self.name]
        blob = getattr(record, self.column)
        if blob is None:
            return None
        session = object_session(record)
        if session is None:
            raise RuntimeError(f"{type(record).__name__}.{self.name} is sealed and its session is gone")
        try:
            value = open_value(session, record, self.name, blob)
        except Erased:
            return None  # as if nothing had been written; pages ask `erased` and say what became of it
        record.__dict__.setdefault("_plain", {})[self.name] = value
        note_read(session, record, self.name)
        return value

    def __set__(self, record: Any, value: Any) -> None:
        record.__dict__.setdefault("_plain", {})[self.name] = value
        if value is None:
            record.__dict__.get("_unsealed", set()).discard(self.name)
            setattr(record, self.column, None)
            return
        record.__dict__.setdefault("_unsealed", set()).add(self.name)
        # A marker that differs each time makes the unit of work see the change.
        setattr(record, self.column, _PENDING + secrets.token_bytes(8))


def note_read(session: Session, record: Any, field: str) -> None:
    """Remember that a sealed value was read, for the audit log. Ids, not the object: it may be detached by then.

    A model with `__noted__ = False` is read by the program for its own person only (drafts, second factors).
    """
    if not getattr(record, "__noted__", True):
        return
    key = (record.__tablename__, record.id, getattr(record, "case_id", None) or subject(record))
    session.info.setdefault("reads", {}).setdefault(key, set()).add(field)


@lru_cache
def sealed_fields(model: type) -> dict[str, sealed]:
    """Sealed attributes of a model by name."""
    found: dict[str, sealed] = {}
    for cls in reversed(model.__mro__):
        found.update({name: value for name, value in vars(cls).items() if isinstance(value, sealed)})
    return found


def place(record: Any, field: str) -> str:
    """The associated data of one value: table, column, row."""
    return f"{record.__tablename__}.{field}.{record.id}"


def subject(record: Any) -> uuid.UUID:
    """The id of the person, case, referral or account whose data key seals this record."""
    return getattr(record, record.__key__)


def open_value(session: Session, record: Any, field: str, blob: bytes) -> Any:
    """Decrypt one stored value of a record (the present one, or an old one from its history)."""
    key = vault(session).key(subject(record))
    return json.loads(unseal(key, blob, place(record, field)))


def erased(record: Any) -> str | None:
    """The order under which the record's subject was erased; None for who is still there."""
    session = object_session(record)
    if session is None or not sealed_fields(type(record)):
        return None
    return vault(session).order(subject(record))


def is_gone(record: Any, field: str) -> bool:
    """Whether a value was written and is gone with its key."""
    return field in sealed_fields(type(record)) and getattr(record, f"{field}_sealed") is not None and bool(
        erased(record))


def erase(session: Session, subject_ids: Iterable[uuid.UUID], order: str) -> list[uuid.UUID]:
    """Destroy the data keys of subjects: what is sealed under them never opens again, here or in a copy of the log.
    `order` names what it is done under. Gives those that had a key until now."""
    wanted = list(dict.fromkeys(subject_ids))
    keys = session.scalars(select(DataKey).where(DataKey.subject_id.in_(wanted), DataKey.wrapped.is_not(None))).all()
    for key in keys:
        key.wrapped, key.destroyed_at, key.erased_under = None, now(), order
    session.flush()
    vault(session).forget()
    return [key.subject_id for key in keys]


class Vault:
    """Data keys of one session, unwrapped when first asked for."""

    def __init__(self, session: Session, ring: KeyRing):
        self._session, self._ring, self._keys = session, ring, {}
        self._orders: dict[uuid.UUID, str | None] = {}

    def key(self, subject_id: uuid.UUID) -> bytes:
        if subject_id not in self._keys:
            self.fetch([subject_id])
        key = self._keys.get(subject_id)
        if key is None:
            raise Erased(subject_id, self._orders.get(subject_id))
        return key

    def order(self, subject_id: uuid.UUID) -> str | None:
        """What a subject was erased under; None for one that was not."""
        self.fetch([subject_id])
        gone = subject_id in self._keys and self._keys[subject_id] is None
        return (self._orders.get(subject_id) or "-") if gone else None

    def fetch(self, subject_ids: Iterable[uuid.UUID]) -> None:
        """Unwrap the keys of many subjects with one query."""
        missing = [s for s in dict.fromkeys(subject_ids) if s is not None and s not in self._keys]
        if not missing:
            return
        with self._session.no_autoflush:
            rows = self._session.connection().execute(
                select(DataKey.subject_id, DataKey.ring_key, DataKey.wrapped, DataKey.erased_under)
                .where(DataKey.subject_id.in_(missing))
            )
        for subject_id, ring_key, wrapped, order in rows:
            if wrapped is not None:
                wrapping = self._ring.key(ring_key, "wrap")
                self._keys[subject_id] = unseal(wrapping, wrapped, f"data_key.{subject_id}")
            else:
                self._keys[subject_id] = None
                self._orders[subject_id] = order

    def ensure(self, subject_ids: Iterable[uuid.UUID], born: Collection[uuid.UUID] = ()) -> None:
        """Make data keys for subjects that have none. Those `born` just now cannot have one in the database."""
        wanted = list(dict.fromkeys(subject_ids))
        self.fetch(one for one in wanted if one not in born)
        rows = []
        for subject_id in wanted:
            if subject_id in self._keys:
                continue
            key = secrets.token_bytes(32)
            wrapped = seal(self._ring.key(self._ring.current, "wrap"), key, f"data_key.{subject_id}")
            rows.append(
                {"subject_id": subject_id, "ring_key": self._ring.current, "wrapped": wrapped, "created_at": now()}
            )
            self._keys[subject_id] = key
        if rows:
            self._session.connection().execute(DataKey.__table__.insert(), rows)

    def forget(self) -> None:
        self._keys.clear()


def vault(session: Session) -> Vault:
    """The vault of this session. Raises RuntimeError for a session that was given no key ring."""
    if "vault" not in session.info:
        if "keyring" not in session.info:
            raise RuntimeError("this session has no key ring")
        session.info["vault"] = Vault(session, session.info["keyring"])
    return session.info["vault"]


@event.listens_for(Session, "before_flush")
def _seal_pending(session: Session, context, instances) -> None:
    waiting = [r for r in (*session.new, *session.dirty) if r.__dict__.get("_unsealed")]
    # A record that is a subject gets its key at birth: later two people at once would both try to make it.
    born = [r for r in session.new if getattr(r, "__key__", None) == "id"]
    if not waiting and not born:
        return
    vault(session).ensure((subject(record) for record in (*born, *waiting)), {record.id for record in born})
    for record in waiting:
        key = vault(session).key(subject(record))
        for field in sorted(record.__dict__.pop("_unsealed")):
            plain = json.dumps(record.__dict__["_plain"][field], ensure_ascii=False).encode()
            setattr(record, f"{field}_sealed", seal(key, plain, place(record, field)))


@event.listens_for(Base, "expire", propagate=True)
@event.listens_for(Base, "refresh", propagate=True)
def _forget_plain(record: Any, context_or_names, names=None) -> None:
    if not record.__dict__.get("_unsealed"):
        record.__dict__.pop("_plain", None)


@event.listens_for(Session, "after_soft_rollback")
def _forget_keys(session: Session, previous) -> None:
    if "vault" in session.info:
        session.info["vault"].forget()
