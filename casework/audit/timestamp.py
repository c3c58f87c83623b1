"""Once a day a time stamp (RFC 3161) on the signed checkpoint: an authority outside says when the log was as it was.

What is stamped are the bytes of the checkpoint as the log signed it, without cosignatures; so `openssl ts -verify` can
check the reply that is kept against that file (docs/witness.md).
"""

import datetime as dt
import logging
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimeStampRequest,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)
from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import IntegrityError

from casework.db.base import now

from .fetch import Unreachable, post
from .models import LogCheckpoint, LogLeaf, LogTimestamp
from .sequencer import head

log = logging.getLogger(__name__)

EVERY = dt.timedelta(hours=24)
CLOCKS = dt.timedelta(minutes=10)
AGAIN = dt.timedelta(hours=1)  # after a failure
QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"


class NotStamped(Exception):
    """No time stamp that can be believed; the message says why."""


@dataclass(frozen=True)
class Stamp:
    """A time stamp as it is kept: what it is about, the moment that the authority tells, and its reply in DER."""

    size: int
    note: str
    at: dt.datetime
    reply: bytes


class Authority:
    """An authority of time at `url`. `certificates` is the file (PEM) with its root and what stands between."""

    def __init__(self, url: str, certificates: Path):
        self._url = url
        self._certificates = _certificates(certificates)

    def stamp(self, data: bytes) -> tuple[dt.datetime, bytes]:
        """The authority's moment and reply for `data`, verified. Raises NotStamped."""
        asked = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build()
        try:
            answer = post(self._url, asked.as_bytes(), QUERY)
        except Unreachable as problem:
            raise NotStamped(str(problem)) from None
        if answer.status != 200 or answer.type != REPLY:
            raise NotStamped(f"it answered {answer.status} with {answer.type}")
        at = self.verify(answer.body, data, asked)
        if abs(at - now()) > CLOCKS:
            raise NotStamped(f"its clock and ours differ: it says {at.isoformat()}")
        return at, answer.body

    def verify(self, reply: bytes, data: bytes, asked: TimeStampRequest | None = None) -> dt.datetime:
        """The moment that a reply tells of `data`. Raises NotStamped: it is not of this authority, of other data,
        refused, or not the answer to `asked`."""
        try:
            found = decode_timestamp_response(reply)
            builder = VerifierBuilder() if asked is None else VerifierBuilder.from_request(asked)
            builder = _trusting(builder, self._certificates)
            builder.build().verify_message(found, data)
            return found.tst_info.gen_time.astimezone(dt.UTC)
        except (VerificationError, ValueError) as problem:
            raise NotStamped(f"its time stamp is not to be believed: {problem}") from None


def _trusting(builder: VerifierBuilder, certificates: list[x509.Certificate]) -> VerifierBuilder:
    for certificate in certificates:
        if certificate.subject == certificate.issuer:
            builder = builder.add_root_certificate(certificate)
        else:
            builder = builder.add_intermediate_certificate(certificate)
    return builder


def _certificates(path: Path) -> list[x509.Certificate]:
    """Those of a file. Raises NotStamped when there is no root among them."""
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as problem:
        raise NotStamped(f"{path} cannot be read as certificates: {problem}") from None
    if not any(certificate.subject == certificate.issuer for certificate in found):
        raise NotStamped(f"{path} has no root certificate")
    return found


class Stamping:
    """Stamps the newest checkpoint once a day. One object lives as long as the process."""

    def __init__(self, engine: Engine, authority: Authority):
        self._engine, self._authority = engine, authority
        self._not_before = now()

    def run_once(self) -> Stamp | None:
        """Stamp when it is time and the log has grown; what was kept, or None. A failure is tried again in an hour."""
        if now() < self._not_before:
            return None
        with self._engine.execution_options(sqlite_begin="BEGIN").connect() as connection:
            reached, last = head(connection), latest(connection)
        if reached.note is None or (last is not None and (last.size >= reached.size or now() - last.at < EVERY)):
            return None
        try:
            at, reply = self._authority.stamp(reached.note.encode())
        except NotStamped as problem:
            self._not_before = now() + AGAIN
            log.warning("no time stamp: %s", problem)
            return None
        table = LogTimestamp.__table__
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(table).values(size=reached.size, at=at, reply=reply))
        except IntegrityError:
            return None  # another process was first
        return Stamp(reached.size, reached.note, at, reply)


def latest(connection: Connection) -> Stamp | None:
    """The newest time stamp."""
    return _one(connection, select(LogTimestamp.__table__).order_by(LogTimestamp.size.desc()).limit(1))


def covering(connection: Connection, entry: int) -> Stamp | None:
    """The first time stamp of a tree that has the entry with this number: the entry is at least as old."""
    place = select(LogLeaf.place).where(LogLeaf.entry == entry).scalar_subquery()
    query = select(LogTimestamp.__table__).where(LogTimestamp.size > place).order_by(LogTimestamp.size).limit(1)
    return _one(connection, query)


def _one(connection: Connection, query) -> Stamp | None:
    row = connection.execute(query).first()
    if row is None:
        return None
    checkpoints = LogCheckpoint.__table__
    note = connection.execute(select(checkpoints.c.note).where(checkpoints.c.size == row.size)).scalar_one()
    return Stamp(row.size, note, row.at, row.reply)


def export(connection: Connection, folder: Path, entry: int) -> Stamp | None:
    """Write the time stamp that covers an entry: `checkpoint-<size>` and its reply `checkpoint-<size>.tsr`.

    None, and nothing written, when there is none yet. The note of an entry's proof may be of another size: that both
    are of one log is what `casework-verify consistency` shows.
    """
    found = covering(connection, entry)
    if found is not None:
        (folder / f"checkpoint-{found.size}").write_text(found.note, encoding="utf-8")
        (folder / f"checkpoint-{found.size}.tsr").write_bytes(found.reply)
    return found
