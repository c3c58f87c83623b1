"""The case file: a numbered version is frozen with a manifest that hashes every record in it."""

import hashlib
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from casework.audit.capture import describe, json_value
from casework.audit.chain import canonical
from casework.authz.identity import Identity
from casework.authz.scope import unscoped
from casework.people.models import Identifier, Person

from .models import Case, FileVersion, Note, OffenceProposal

# What the way of a case through its states changes is no part of what the file says.
CASE_FIELDS = (
    "id", "ref", "title", "regime", "conduct", "offence_class", "offence_from", "offence_to", "province", "district",
    "cross_border", "countries", "flags", "plan", "explanations", "prosecutor_notified_at",
)

Provider = Callable[[Session, Case], Iterable[Any]]
_providers: list[tuple[Provider, bool]] = []


def provide(function: Provider, *, annex: bool = False) -> None:
    """Let `function(db, case)` name records of the file; `annex` puts them into the sealed annex."""
    if (function, annex) not in _providers:
        _providers.append((function, annex))


def digest(record: Any) -> str:
    """SHA-256 over a record as it is stored; what is sealed counts as ciphertext, so nothing is read."""
    names = CASE_FIELDS if isinstance(record, Case) else [
        a.key for a in inspect(type(record)).column_attrs if a.key != "version"
    ]
    values = {name: json_value(getattr(record, name)) for name in names}
    return hashlib.sha256(canonical(values).encode()).hexdigest()


def listed(db: Session, case: Case) -> list[dict[str, Any]]:
    """The manifest of a case as it stands now."""
    found = []
    with unscoped(db, "the file is frozen whole, whoever freezes it"):
        for function, annex in _providers:
            for record in function(db, case):
                found.append({
                    "type": record.__tablename__, "ref": getattr(record, "ref", None), "id": str(record.id),
                    "sha256": digest(record), "annex": annex,
                })
    return sorted(found, key=lambda entry: (entry["annex"], entry["type"], entry["id"]))


def freeze(db: Session, identity: Identity | None, case: Case) -> FileVersion:
    """A new version of the file of a case."""
    db.flush()
    manifest = listed(db, case)
    last = latest(db, case.id)
    version = FileVersion(
        case_id=case.id, number=last.number + 1 if last else 1, manifest=manifest,
        sha256=hashlib.sha256(canonical(manifest).encode()).hexdigest(),
        created_by_id=identity.user_id if identity else None,
    )
    db.add(version)
    describe(db, version, verb="freeze_file")
    db.flush()
    return version


def latest(db: Session, case_id: uuid.UUID) -> FileVersion | None:
    """The newest version of the file, or None."""
    with unscoped(db, "effects of features work on the file that was sent"):
        return db.scalars(
            select(FileVersion).where(FileVersion.case_id == case_id).order_by(FileVersion.number.desc()).limit(1)
        ).first()


def differences(db: Session, case: Case, version: FileVersion) -> list[str]:
    """References of the records that are not as the manifest says: changed, gone, or added. Empty: verified."""
    if hashlib.sha256(canonical(version.manifest).encode()).hexdigest() != version.sha256:
        return [case.ref]
    then = {entry["id"]: entry for entry in version.manifest}
    today = {entry["id"]: entry for entry in listed(db, case)}
    return sorted(
        (today.get(key) or then[key])["ref"] or key
        for key in then.keys() | today.keys()
        if then.get(key, {}).get("sha256") != today.get(key, {}).get("sha256")
    )


def _of_case(model: type, *conditions) -> Provider:
    def records(db: Session, case: Case) -> Iterable[Any]:
        return db.scalars(select(model).where(model.case_id == case.id, model.voided_at.is_(None), *conditions))

    return records


provide(lambda db, case: [case])
provide(_of_case(Person, Person.role.in_(("suspect", "witness", "caregiver", "other"))))
provide(_of_case(Person, Person.role == "victim"), annex=True)
provide(_of_case(Identifier))
provide(_of_case(OffenceProposal))
provide(_of_case(Note, Note.kind == "for_file"))
