"""Text of every kind: it is text throughout, and nothing is written out in it as letters that is no text."""

import base64
import binascii
import codecs
import re

from . import media
from .refusal import NotTaken

OVERLAP = 4096
LEAST = 80  # letters that a picture written out has at least
_CONTROL = bytes([*range(9), 11, *range(14, 32), 127])
# No run is ever tried again in another way (possessive): that would take hours on a list of hash values.
_ENCODED = re.compile(rb"(?<![A-Za-z0-9+/_-])(?:[A-Za-z0-9+/_-]{16,}+(?:\\?[\r\n]|\\[rn]|[ \t])*+)++")
_HEX = re.compile(rb"(?<![0-9A-Za-z])(?=[0-9A-Fa-fx\\%: ,\r\n]{400})"
                  rb"(?:(?:\\x|0x|%)?+[0-9A-Fa-f]{2}[ :,\r\n]{0,3}+){200,}+")
_GAP = re.compile(rb"[ :,\r\n]+")
_TOLD = re.compile(rb"data:\s*(image|video|audio)/")
_SVG = re.compile(rb"<(?:[a-z]{1,20}:)?svg[\s>]")
_UUENCODED = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} .{1,200}\r?\n[!-`]", re.MULTILINE)


# Whether there is any long run at all is asked first, in a way that takes no time.
_BLANKS = b"\r\n \t"
_LETTERS, _DIGITS = b"a" * LEAST, b"0" * 400
# No mark of media can be written with these as base64 (tests go through all of them). Lists of hash values are made of
# nothing else, and would take eight times as long.
_DIGITS_ALONE = b"0123456789abcdef \t\r\n"


def _table(members: bytes, becomes: bytes) -> bytes:
    """For bytes.translate: every member becomes one letter, everything else a blank."""
    return bytes(becomes[0] if byte in members else 32 for byte in range(256))


_TO_LETTERS = _table(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-\\=", b"a")
_TO_DIGITS = _table(b"0123456789abcdefABCDEFx\\%", b"0")


def _marks_in_base64() -> re.Pattern:
    """The marks of media as base64 writes them, at each of the three places where they may begin."""
    marks = (
        b"\x89PNG\r\n\x1a\n", b"GIF89a", b"GIF87a", b"ftypisom", b"ftypmp42", b"ftypheic", b"ftypqt  ", b"ftypavif",
        b"\xff\xd8\xff\xe0\0\x10JFIF", b"WEBPVP8", b"\x1a\x45\xdf\xa3\x01\0\0\0", b"OggS\0\x02\0\0\0\0",
        b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", b"AVI LIST", b"WAVEfmt ",
    )
    found = set()
    for mark in marks:
        for shift in range(3):
            written = base64.b64encode(b"\0" * shift + mark)
            # What depends on the neighbours before and after is left out.
            begin, end = (0, 2, 3)[shift], len(written) - (0, 4, 4)[(shift + len(mark)) % 3]
            found.add(written[begin:end])
    return re.compile(b"|".join(re.escape(one) for one in found))


_IN_BASE64 = _marks_in_base64()


def look(data: bytes) -> None:
    """Refuse what is written out in text. Raises NotTaken."""
    small = data.lower()
    told = _TOLD.search(small) if b"data:" in small else None
    if told is not None:
        raise NotTaken("media", told[1].decode())
    if b"svg" in small and _SVG.search(small):
        raise NotTaken("media", "SVG")
    if b"=ybegin line=" in data or (b"begin" in data and _UUENCODED.search(data)):
        raise NotTaken("media", "encoded attachment")
    for found in _ENCODED.finditer(data) if _LETTERS in data.translate(_TO_LETTERS, _BLANKS) else ():
        if found.end() - found.start() >= LEAST and found[0].translate(None, _DIGITS_ALONE):
            _judge(_from_base64(found[0][:1024]), "base64")
            if _IN_BASE64.search(found[0]):
                raise NotTaken("media", "base64")
    for found in _HEX.finditer(data) if _DIGITS in data.translate(_TO_DIGITS, _BLANKS + b":,") else ():
        # Letters of a word before it may be digits too.
        for start in (0, *(gap.end() for gap in list(_GAP.finditer(found[0][:100]))[:4])):
            _judge(_from_hex(found[0][start : start + 4096]), "hexadecimal")


def _judge(decoded: bytes, how: str) -> None:
    what = (media.at_start(decoded) if _telling(decoded) else None) or media.anywhere(decoded)
    if what is not None:
        raise NotTaken("media", f"{what}, {how}")


def _telling(decoded: bytes) -> bool:
    """Whether the beginning is long enough a mark: two bytes may be chance among thousands of runs."""
    return not decoded.startswith(b"\xff\x0a") and not re.match(rb"\xff[\xe2-\xfb]", decoded)


def _from_base64(run: bytes) -> bytes:
    letters = re.sub(rb"\\[rn]|[^A-Za-z0-9+/_-]", b"", run).replace(b"-", b"+").replace(b"_", b"/")
    try:
        return base64.b64decode(letters[: len(letters) // 4 * 4])
    except binascii.Error:
        return b""


def _from_hex(run: bytes) -> bytes:
    digits = re.sub(rb"\\x|0x|[^0-9A-Fa-f]", b"", run)
    return bytes.fromhex(digits[: len(digits) // 2 * 2].decode())


def codec_of(head: bytes) -> str:
    """How a text is written: UTF-16 says so itself; else UTF-8, or the old single bytes of Windows."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def check(pieces, head: bytes) -> None:
    """Refuse what is not text from end to end, and what is written out in it. Raises NotTaken."""
    codec = codec_of(head)
    decoder, before = codecs.getincrementaldecoder(codec)(), b""
    try:
        for piece in pieces:
            # Nearly any bytes are letters of some kind when they are taken two by two.
            if codec == "utf-16" and (what := media.anywhere(piece)):
                raise NotTaken("media", what)
            before = _piece(decoder.decode(piece), before)
        _piece(decoder.decode(b"", final=True), before)
    except UnicodeDecodeError:
        raise NotTaken("unknown") from None


def _piece(words: str, before: bytes) -> bytes:
    data = words.encode("utf-8", "replace")
    if len(data.translate(None, _CONTROL)) != len(data) or "\ufffe" in words or "\uffff" in words:
        raise NotTaken("unknown")
    look(before + data)
    return data[-OVERLAP:]
