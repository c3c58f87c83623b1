"""Shows each signed checkpoint to the witnesses of other agencies, and keeps what they sign (C2SP tlog-witness).

Nothing waits for a witness: entries are appended, signed and served whether it answers or not.
"""

import base64
import datetime as dt
import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sqlalchemy import Connection, Engine, func, insert, select
from sqlalchemy.exc import IntegrityError

from casework.db.base import now
from casework.verifier.casework_verify import Failed, Key, Malformed, Note, note_from, number, signature_line
from casework.witness.policy import Policy

from .cosigned import name_of
from .fetch import Reply, Unreachable, post
from .models import LogCosignature
from .sequencer import Head, head
from .signer import durable
from .tree import Tree

log = logging.getLogger(__name__)

SECONDS = 60.0  # between two rounds
FIRST_WAIT, LONGEST_WAIT = 60.0, 3600.0  # after a failure
AHEAD = 600  # seconds that a witness's clock may be before ours
BODY = "text/plain; charset=utf-8"
SIZE = "text/x.tlog.size"
AT_ONCE = 4


@dataclass(frozen=True)
class Refusal:
    """Why a witness did not cosign. `grave`: it says that the log was forked or put back; no repetition mends that."""

    problem: str
    grave: bool = False
    at: str = field(default_factory=lambda: now().isoformat(timespec="seconds"))


class NotCosigned(Exception):
    """A witness did not cosign, or not as it must."""

    def __init__(self, problem: str, *, grave: bool = False):
        super().__init__(problem)
        self.refusal = Refusal(problem, grave)


@dataclass(frozen=True)
class Cosignature:
    """A cosignature that was verified: of which key, when, and the line of the note."""

    key: Key
    moment: int
    line: str


class Witnesses:
    """Asks the witnesses of a policy, each by itself. `memory` is the file that tells others how the last tries went.

    `engine` connects as the role that adds to the log's tree. One object lives as long as the process: it knows who
    is to be left alone for a while.
    """

    def __init__(self, engine: Engine, policy: Policy, memory: Path, seconds: float = SECONDS):
        self._engine = engine.execution_options(sqlite_begin="BEGIN")
        self._writing, self._policy, self._memory, self._seconds = engine, policy, memory, seconds
        self._next = 0.0
        self._failures: dict[str, int] = {}
        self._not_before: dict[str, float] = {}
        self._refusals = refusals(memory)

    def run_once(self) -> int:
        """Ask whoever has not cosigned the newest checkpoint, when it is time; how many cosigned now.

        Takes at most some seconds for each try of the slowest witness.
        """
        if time.monotonic() < self._next:
            return 0
        self._next = time.monotonic() + self._seconds
        with self._engine.connect() as connection:
            reached = head(connection)
            known = {name: _last(connection, key) for name, key in self._policy.witnesses.items()}
        if reached.note is None:
            return 0
        due = [name for name in self._policy.urls
               if known[name] < reached.size and time.monotonic() >= self._not_before.get(name, 0.0)]
        if not due:
            return 0
        with ThreadPoolExecutor(min(AT_ONCE, len(due)), "witness") as threads:
            answers = list(threads.map(lambda name: self._try(name, reached, known[name]), due))
        done = [answer for answer in answers if isinstance(answer, Cosignature)]
        for answer in done:
            self._keep(reached.size, answer)
        self._note(dict(zip(due, answers, strict=True)))
        return len(done)

    def _try(self, name: str, reached: Head, old: int) -> Cosignature | Refusal:
        try:
            return self._ask(name, reached, old)
        except NotCosigned as problem:
            return problem.refusal
        except (Unreachable, Malformed, Failed) as problem:
            return Refusal(str(problem))
        except Exception as problem:
            log.exception("the witness %s could not be asked", name)
            return Refusal(f"{type(problem).__name__} here")

    def _ask(self, name: str, reached: Head, old: int) -> Cosignature:
        """Send the checkpoint, a second time when the witness tells that it knows another size. Raises NotCosigned."""
        reply = self._send(name, reached, old)
        if reply.status == 409 and (told := self._told(reply, reached)) != old:
            old, reply = told, self._send(name, reached, told)
        if reply.status == 409 and self._told(reply, reached) == old == reached.size:
            raise NotCosigned("it has cosigned another tree of this size: the log was forked", grave=True)
        if reply.status == 422:
            raise NotCosigned("it says that our log does not go on from what it has cosigned", grave=True)
        if reply.status != 200:
            raise NotCosigned(_REASONS.get(reply.status, f"it answered {reply.status}"))
        return cosignature_from(reply.body, note_from(reached.note or ""), self._policy.witnesses[name])

    def _send(self, name: str, reached: Head, old: int) -> Reply:
        with self._engine.connect() as connection:
            proof = Tree(connection).consistency(old, reached.size)
        lines = [f"old {old}", *(base64.b64encode(step).decode() for step in proof)]
        body = "\n".join(lines) + f"\n\n{reached.note}"
        return post(self._policy.urls[name] + "/add-checkpoint", body.encode(), BODY)

    def _told(self, reply: Reply, reached: Head) -> int:
        """The size that a witness says it knows. Raises NotCosigned when our tree has not come so far."""
        if reply.type != SIZE:
            raise NotCosigned("it answered 409 without a size")
        told = number(reply.body.decode("ascii", "replace").removesuffix("\n"))
        if told <= reached.size:
            return told
        with self._engine.connect() as connection:
            ours = head(connection).size
        if told <= ours:
            raise NotCosigned("it has cosigned a newer checkpoint meanwhile")
        raise NotCosigned(f"it has cosigned a tree of {told} entries, ours has {ours}: was the database put back?",
                          grave=True)

    def _keep(self, size: int, answer: Cosignature) -> None:
        row = {"size": size, "witness": name_of(answer.key), "at": dt.datetime.fromtimestamp(answer.moment, dt.UTC),
               "line": answer.line}
        table = LogCosignature.__table__
        there = select(table.c.size).where(table.c.size == size, table.c.witness == row["witness"])
        try:
            with self._writing.begin() as connection:
                if connection.execute(there).first() is None:
                    connection.execute(insert(table).values(row))
        except IntegrityError:
            log.info("another process was first to keep the cosignature of %s", answer.key.name)

    def _note(self, answers: dict[str, Cosignature | Refusal]) -> None:
        before = dict(self._refusals)
        for name, answer in answers.items():
            if isinstance(answer, Cosignature):
                self._failures.pop(name, None)
                self._refusals.pop(name, None)
                continue
            self._failures[name] = self._failures.get(name, 0) + 1
            wait = min(FIRST_WAIT * 2 ** (self._failures[name] - 1), LONGEST_WAIT)
            self._not_before[name] = time.monotonic() + wait
            self._refusals[name] = answer
            level = logging.CRITICAL if answer.grave else logging.WARNING
            log.log(level, "the witness %s did not cosign: %s", name, answer.problem)
        if self._refusals != before:
            body = {name: asdict(refusal) for name, refusal in self._refusals.items()}
            durable(self._memory, json.dumps(body).encode())


_REASONS = {
    400: "it cannot read what we send",
    403: "it does not know our key",
    404: "it does not know our log",
    429: "it has no time",
}


def memory_of(data: Path) -> Path:
    """The file of the last tries in the data folder."""
    return data / "witnesses.json"


def refusals(memory: Path) -> dict[str, Refusal]:
    """Why witnesses did not cosign at the last try, by their names in the policy."""
    try:
        return {name: Refusal(**kept) for name, kept in json.loads(memory.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def cosignature_from(body: bytes, note: Note, key: Key) -> Cosignature:
    """The cosignature of `key` on `note` in a witness's answer; lines of other keys are read over.

    Raises NotCosigned, Malformed, and Failed for a false one.
    """
    try:
        lines = body.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("the witness did not answer in UTF-8") from None
    answer = note_from(f"{note.text}\n{lines}")
    if answer.text != note.text:
        raise Malformed("the witness did not answer with lines of signatures")
    moment = answer.signed_by(key)
    if moment is None:
        raise NotCosigned("it answered with another key than the one in the policy")
    if moment > time.time() + AHEAD:
        raise NotCosigned("its clock goes before ours")
    data = next(s.data for s in answer.signatures
                if (s.name, s.key_id) == (key.name, key.id) and int.from_bytes(s.data[:8], "big") == moment)
    return Cosignature(key, moment, signature_line(key, data))


def _last(connection: Connection, key: Key) -> int:
    """The largest tree that a witness has cosigned."""
    table = LogCosignature.__table__
    return connection.execute(select(func.max(table.c.size)).where(table.c.witness == name_of(key))).scalar() or 0
