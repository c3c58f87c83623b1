"""A list that can be proved elsewhere: one archive with the list, its entries and their proofs, and the verifier.

Who gets it needs nothing of ours: the archive says how to run the one file that is in it.
"""

import io
import zipfile

from pyramid.i18n import TranslationString

from casework.audit.events import events_file
from casework.audit.models import AuditEntry
from casework.audit.paper import public_key
from casework.verifier import casework_verify
from casework.web.i18n import _
from casework.web.render import translate

EVENTS = "entries.events.jsonl"
KEY = "key.txt"


class NoProof(Exception):
    """None of the entries has its place in the signed tree yet."""


def words() -> list[TranslationString]:
    """What the archive says of itself, a paragraph each."""
    return [
        _("This archive holds a list from the audit log of casework, and what proves it."),
        _("list.csv is the list. Each line names the hash of its entry in the log."),
        _("entries.events.jsonl holds the proof of each entry: what the entry says is left out, its commitment stands "
          "for it. An entry of the last seconds may not be in it yet."),
        _("key.txt is the log's public key. Compare its fingerprint with the one that the agency reads to you over the "
          "telephone: a key that came with the list proves nothing by itself."),
        _("casework_verify.py checks all this on any machine that has Python 3.11 or newer, without a network:"),
    ]


def archive(request, numbers: list[int], listed: bytes) -> bytes:
    """The archive of the list `listed` (CSV) about the entries with these numbers. Raises NoProof."""
    key = public_key(request.registry["settings"])
    policy = request.registry["log_policy"]
    try:
        lines = b"".join(events_file(
            request.db.connection(), AuditEntry.seq.in_(numbers), policy, bodies=False))
    except LookupError:
        raise NoProof from None
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("README.txt", "\r\n\r\n".join(_paragraphs(request, key)).encode())
        file.writestr("list.csv", listed)
        file.writestr(EVENTS, lines)
        if key is not None:
            file.writestr(KEY, f"{key.text}\n{key.fingerprint}\n")
        file.write(casework_verify.__file__, "casework_verify.py")
    return made.getvalue()


def _paragraphs(request, key) -> list[str]:
    vkey = key.text if key else "VKEY"
    return [*(translate(request, text) for text in words()),
            f'python3 casework_verify.py events {EVENTS} --key "{vkey}"']
