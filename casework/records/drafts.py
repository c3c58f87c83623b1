"""Drafts that survive a lost session, and forms that can be sent twice without harm."""

import uuid
from collections.abc import Iterable

from pyramid_retry import mark_error_retryable
from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from casework.db.base import Base, now

from .models import Draft, Submission

LIMIT = 200_000
PATH_LIMIT = 200
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


def save_typed(request) -> bool:
    """Keep a form that was not accepted because its token or session was too old, so that nothing typed is lost; the
    person finds it in the form after signing in. Whether it is kept: only what comes from a form that has drafts.

    It is written after the request's own transaction, which is rolled back. The caller has seen that the form came
    from our own page.
    """
    user_id = request.identity.user_id if request.identity is not None else request.lapsed_user_id
    form = request.POST.get("form_path") or request.path
    fields = [(k, v) for k, v in request.POST.items() if isinstance(v, str) and k != "form_path"]
    if user_id is None or token_of(request.POST.get("draft")) is None or not is_own_path(form):
        return False
    if sum(len(k) + len(v) for k, v in fields) > LIMIT:
        return False
    request.afterwards(lambda session: keep(session, user_id, form, fields))
    return True


def is_own_path(text: str) -> bool:
    """Whether a text is a path of ours, of a length that can be kept."""
    return text.startswith("/") and not text.startswith("//") and len(text) <= PATH_LIMIT


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


def take(session: Session, token: uuid.UUID | None, user_id: uuid.UUID) -> str | None:
    """Take the token before the form is looked at, with one statement; where it led when it was sent before, else None.

    Of two at once the second waits here until the first is through, and is led where that one went. What saves nothing
    must be rolled back, and the token with it. Where a good one leads is `told` in the end.
    """
    if token is None:
        return None
    table = Base.metadata.tables["submission"]
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).values(token=_own(token, user_id), user_id=user_id, location="")
    # The update changes nothing: it makes the row that is there come back.
    taken = statement.on_conflict_do_update(index_elements=[table.c.token], set_={"token": statement.excluded.token})
    return session.connection().execute(taken.returning(table.c.location)).scalar_one() or None


def told(session: Session, token: uuid.UUID | None, user_id: uuid.UUID, location: str) -> None:
    """Keep where a form that was taken led."""
    if token is not None:
        table = Base.metadata.tables["submission"]
        session.connection().execute(
            update(table).where(table.c.token == _own(token, user_id)).values(location=location))


def _own(token: uuid.UUID, user_id: uuid.UUID | None) -> uuid.UUID:
    """The token as it is kept: another person's with the same letters is another one."""
    return token if user_id is None else uuid.uuid5(user_id, str(token))
