"""E-mail messages: what is written in them is text, and each attachment is looked at as a file of its own."""

import email
import email.policy
import re
from collections.abc import Callable

from . import text
from .refusal import NotTaken

PARTS = 500
_HEADER = re.compile(
    rb"\A(?:\xef\xbb\xbf)?(?:From [^\r\n]{1,200}\r?\n)?"
    rb"(?:[A-Za-z][A-Za-z0-9-]{0,60}:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*)+\r?\n")
_NEEDED = re.compile(rb"^(?:from|received|date|message-id|mime-version|return-path):", re.IGNORECASE | re.MULTILINE)


def is_mail(head: bytes) -> bool:
    """Whether a text begins with the headers of a message."""
    found = _HEADER.match(head)
    return found is not None and len(_NEEDED.findall(found[0])) >= 2


def check(data: bytes, look: Callable[[bytes], None]) -> None:
    """`look` is asked about each attachment. Raises NotTaken."""
    message = email.message_from_bytes(data, policy=email.policy.compat32)
    for number, part in enumerate(message.walk()):
        if number > PARTS:
            raise NotTaken("packed")
        for name, value in part.items():
            text.look(f"{name}: {value}".encode("utf-8", "replace"))
        for around in (part.preamble, part.epilogue):
            text.look((around or "").encode("utf-8", "surrogateescape"))
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True) or b""
        called = part.get_filename() or part.get_content_type()
        if part.get_content_maintype() in ("image", "video", "audio"):
            raise NotTaken("media", part.get_content_type(), called)
        if part.defects:
            raise NotTaken("damaged", "e-mail", called)
        if not content.strip():
            continue
        try:
            if part.get_content_maintype() == "text":
                text.check([content], content[:4096])
            else:
                look(content)
        except NotTaken as refused:
            raise refused.within(called) from None
