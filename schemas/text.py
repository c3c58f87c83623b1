"""Pure functions on text: what may be typed, how it is stored, how it is compared.

Text is evidence and is stored as it was typed (`clean` only composes and strips it). Two spellings that
look the same on the screen are compared by `fold`, a search key that is never shown.
"""

import re
import unicodedata

COENG = "\u17d2"
RO = "\u179a"
E_VOWEL, II_VOWEL, AA_VOWEL, OE_VOWEL, OO_VOWEL = "\u17c1", "\u17b8", "\u17b6", "\u17be", "\u17c4"
SHIFTERS = "\u17c9\u17ca"
ROBAT = "\u17cc"

# Invisible marks inside a Khmer word: inherent vowels, which Unicode advises against.
_INHERENT_VOWELS = "\u17b4\u17b5"
_CLUSTER = re.compile(f"([\u1780-\u17b3])((?:{COENG}[\u1780-\u17b3]|[\u17b6-\u17d1\u17dd])+)")
_SUBSCRIPT = re.compile(f"{COENG}.")
_LATIN_MARKS = re.compile("[\u0300-\u036f]")
_SPACES = re.compile(r"\s+")
_NEWLINES = re.compile(r"\r\n?")

_KHMER_DIGITS = {0x17E0 + n: str(n) for n in range(10)} | {0x17F0 + n: str(n) for n in range(10)}
_FULL_WIDTH_DIGITS = {0xFF10 + n: str(n) for n in range(10)}
_DIGITS = _KHMER_DIGITS | _FULL_WIDTH_DIGITS

# Letters that no decomposition takes apart, and Khmer letters that are one letter in two code points.
_SAME_LETTER = str.maketrans({
    "đ": "d", "ð": "d", "ł": "l", "ø": "o", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th",
    "\u179d": "\u179f", "\u17a3": "\u17a2", "\u17a4": "\u17a2\u17b6", "\u17d6": ":",
})  # fmt: skip

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_MULTILINE = frozenset("\n\r\t")


def to_ascii_digits(s: str) -> str:
    """`s` with Khmer and full-width digits as 0-9; everything else untouched."""
    return s.translate(_DIGITS)


def clean(s: str) -> str:
    """`s` as it is stored: composed (NFC), line ends as one newline, no white space at either end."""
    return _NEWLINES.sub("\n", unicodedata.normalize("NFC", s)).strip()


def problem_in_text(s: str, *, multiline: bool = False) -> str | None:
    """What forbids storing `s`: "surrogate", "bidi", "control", or None.

    Line ends and tabs are allowed only where `multiline`. The zero-width space is allowed: it parts Khmer
    words. Direction marks are not: they can make a text read other than it is stored.
    """
    for char in s:
        category = unicodedata.category(char)
        if category == "Cs":
            return "surrogate"
        if char in _BIDI:
            return "bidi"
        if category in ("Cc", "Zl", "Zp") or 0xE0000 <= ord(char) <= 0xE007F:
            if not (multiline and char in _MULTILINE):
                return "control"
    return None


def fold(s: str) -> str:
    """The search key of `s`: equal for two texts that differ only in how they were typed.

    Order of Khmer signs, split vowels, coeng da for coeng ta, invisible characters, digits, case, Latin
    diacritics and runs of spaces do not count. Never shown, never stored in place of the text.
    """
    s = _without_invisible(s)
    # Twice, because lower-casing can bring back a mark and taking a letter apart can bring back a capital.
    for _ in range(2):
        s = unicodedata.normalize("NFKD", s.casefold())
        s = _without_invisible(_LATIN_MARKS.sub("", s)).translate(_SAME_LETTER)
    s = unicodedata.normalize("NFC", to_ascii_digits(s))
    s = _CLUSTER.sub(_ordered_cluster, s)
    return _SPACES.sub(" ", s).strip()


def _without_invisible(s: str) -> str:
    if s.isascii():
        return s
    return "".join(c for c in s if c not in _INHERENT_VOWELS and unicodedata.category(c) != "Cf")


def _ordered_cluster(match: re.Match[str]) -> str:
    """One consonant with its signs in one fixed order, each sign once."""
    base, rest = match.groups()
    # The subscript forms of da and ta look the same.
    rest = rest.replace("\u17d2\u178a", "\u17d2\u178f")
    subscripts = list(dict.fromkeys(_SUBSCRIPT.findall(rest)))
    subscripts.sort(key=lambda sub: sub[1] == RO)
    signs = dict.fromkeys(_SUBSCRIPT.sub("", rest))
    robat = [c for c in signs if c == ROBAT]
    shifters = [c for c in signs if c in SHIFTERS]
    vowels = "".join(c for c in signs if "\u17b6" <= c <= "\u17c5")
    finals = [c for c in signs if c not in SHIFTERS and c != ROBAT and not "\u17b6" <= c <= "\u17c5"]
    return "".join([base, *robat, *subscripts, *shifters, _joined_vowels(vowels), *finals])


def _joined_vowels(vowels: str) -> str:
    """Vowels typed in two halves as the one letter they show."""
    for half, whole in ((II_VOWEL, OE_VOWEL), (AA_VOWEL, OO_VOWEL)):
        if E_VOWEL in vowels and half in vowels:
            return "".join(dict.fromkeys(vowels.replace(E_VOWEL, "", 1).replace(half, whole, 1)))
    return vowels
