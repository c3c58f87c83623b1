"""What a witness answers (C2SP tlog-witness, add-checkpoint): bytes in, status and text out, the store in between."""

import logging
import threading
import time
from dataclasses import dataclass

from casework.verifier.casework_verify import (
    Checkpoint,
    Failed,
    Malformed,
    Note,
    check_consistency,
    checkpoint_from,
    growth_from,
    note_from,
    text_from,
)

from .store import Store

log = logging.getLogger(__name__)

TEXT = "text/plain; charset=utf-8"
SIZE = "text/x.tlog.size"


@dataclass(frozen=True)
class Answer:
    """What goes back over HTTP."""

    status: int
    text: str
    type: str = TEXT


@dataclass(frozen=True)
class Submission:
    """An add-checkpoint request: from which size on, with which proof, the checkpoint, and its note as it came."""

    old: int
    proof: tuple[bytes, ...]
    checkpoint: Checkpoint
    note: Note
    note_text: str


def submission_from(body: bytes) -> Submission:
    """Read the body of a request. Raises Malformed."""
    old, proof, note_text = growth_from(text_from(body))
    note = note_from(note_text)
    return Submission(old, proof, checkpoint_from(note.text), note, note_text)


class Witness:
    """One witness at work. `add_checkpoint` may be called by many threads."""

    def __init__(self, store: Store):
        self._store, self._key, self._logs = store, store.key(), store.logs()
        self._locks = {origin: threading.Lock() for origin in self._logs}

    def add_checkpoint(self, body: bytes) -> Answer:
        """Cosign a checkpoint that goes on from the last one, or say why not."""
        try:
            asked = submission_from(body)
        except Malformed as problem:
            return Answer(400, f"{problem}\n")
        origin = asked.checkpoint.origin
        if origin not in self._logs:
            return Answer(404, "this log is not known here\n")
        if not self._signed(asked):
            return Answer(403, "no signature of a key that is known for this log\n")
        if asked.old > asked.checkpoint.size:
            return Answer(400, "the old size is larger than that of the checkpoint\n")
        with self._locks[origin]:
            return self._go_on(asked, body)

    def _signed(self, asked: Submission) -> bool:
        try:
            found = [asked.note.signed_by(key) for key in self._logs[asked.checkpoint.origin]]
        except Failed:
            return False
        return any(moment is not None for moment in found)

    def _go_on(self, asked: Submission, body: bytes) -> Answer:
        """Compare with the last checkpoint, keep the new one, then sign: nobody else is at this log meanwhile."""
        new, held = asked.checkpoint, self._store.latest(asked.checkpoint.origin)
        if asked.old != held.size:
            if new.size == held.size and new.root != held.root:
                self._evidence(new, body)
            return Answer(409, f"{held.size}\n", SIZE)
        if new.size == held.size and new.root != held.root:
            self._evidence(new, body)
            return Answer(409, f"{held.size}\n", SIZE)
        try:
            check_consistency(held.size, new.size, held.root, new.root, asked.proof)
        except Failed as problem:
            self._evidence(new, body)
            return Answer(422, f"{problem.what}\n")
        if new != held:
            self._store.keep(new.origin, asked.note_text)
        return Answer(200, self._key.cosign(asked.note.text, int(time.time())))

    def _evidence(self, new: Checkpoint, body: bytes) -> None:
        path = self._store.refuse(new.origin, body)
        log.error("%s signed a tree of %d entries that does not go on from what it signed before; kept in %s",
                  new.origin, new.size, path or "what is there already")
