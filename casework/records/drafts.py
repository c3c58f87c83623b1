"""Drafts that survive a lost session, and forms that can be sent twice without harm."""

import uuid
from collections.abc import Iterable

from pyramid_retry import mark_error_retryable
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from casework.db.base import now

from .models import Draft, Submission

LIMIT = 200_000
NOT_KEPT = frozenset({"csrf_token", "_charset_", "password", "code", "new_password"})


def keep(session: Session, user_id: uuid.UUID, form: str, fields: Iterable[tuple[str, str]]) -> Draft:
    """Save what was typed into `form` (its path), in place of an earlier draft of the same form."""
    body = [[name, value] for name, value in fields if name not in NOT_KEPT]
    draft = find(session, user_id, form)
    if draft is None:
        draft = Draft(user_id=user_id, form=form)
        session.add(draft)
    draft.body = body
    draft.updated_at = now()
    return draft


def find(session: Session, user_id: uuid.UUID, form: str) -> Draft | None:
    """The draft of this person for this form."""
    return session.scalars(select(Draft).where(Draft.user_id == user_id, Draft.form == form)).one_or_none()


def drop(session: Session, user_id: uuid.UUID, form: str) -> None:
    """The form was sent: its draft has done its work."""
    session.execute(delete(Draft).where(Draft.user_id == user_id, Draft.form == form))


def token_of(text: str | None) -> uuid.UUID | None:
    """The form's token as it came with the form; None for anything else."""
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None


def already_sent(session: Session, token: uuid.UUID | None, user_id: uuid.UUID | None) -> str | None:
    """Where this person's form with this token led when it was sent before. `user_id` None: the public's."""
    sent = session.get(Submission, _own(token, user_id)) if token else None
    return sent.location if sent is not None else None


def sending(session: Session, token: uuid.UUID | None, user_id: uuid.UUID | None) -> Submission | None:
    """Take the token before anything is changed, in the same transaction: of two at once the second waits here, and is
    tried again when the first is through, so that it is led where the first one went. Its `location` is told later."""
    if token is None:
        return None
    sent = Submission(token=_own(token, user_id), user_id=user_id, location="")
    session.add(sent)
    try:
        session.flush()
    except IntegrityError as taken:
        mark_error_retryable(taken)
        raise
    return sent


def _own(token: uuid.UUID, user_id: uuid.UUID | None) -> uuid.UUID:
    """The token as it is kept: another person's with the same letters is another one."""
    return token if user_id is None else uuid.uuid5(user_id, str(token))
