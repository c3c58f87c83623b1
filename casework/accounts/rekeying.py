"""Passwords under the ring keys: how many, and how they come under the current one without being typed."""

import uuid

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from casework.crypto.rotation import BATCH, Kept, keeps
from casework.crypto.tokens import rekeying
from casework.settings import ROOT

from .models import User
from .passwords import Passwords


def _count(db: Session, key_id: str) -> int:
    query = select(func.count()).select_from(User).where(User.password_hash.startswith(f"{key_id}:", autoescape=True))
    return db.execute(query).scalar_one()


def _move(db: Session, after: uuid.UUID | None) -> tuple[int, uuid.UUID] | None:
    passwords, current = Passwords(db.info["keyring"], ROOT / "etc"), db.info["keyring"].current
    query = select(User.id, User.password_hash).where(
        User.password_hash.is_not(None), ~User.password_hash.startswith(f"{current}:", autoescape=True))
    if after is not None:
        query = query.where(User.id > after)
    rows = db.execute(query.order_by(User.id).limit(BATCH)).all()
    if not rows:
        return None
    for user_id, stored in rows:
        made = passwords.under_current(stored)
        if made is not None:
            # Who chose a new password meanwhile keeps it.
            same = update(User).where(User.id == user_id, User.password_hash == stored).values(password_hash=made)
            with rekeying():
                db.connection().execute(same)
    return len(rows), rows[-1].id


keeps(Kept("user_account.password_hash", _count, _move))
