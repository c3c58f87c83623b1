"""Names that sound alike, across Khmer script and its many Roman spellings.

A key is the name's consonants in twelve classes, computed from either script, so that ``សុខ ចាន់ថា`` and
``Sok Chantha`` share one. Keys find candidates; a person decides. Nothing is merged by a key.
"""

import re

from .text import fold

# Longest first. Aspirated and plain letters are one class: Roman spellings of Khmer mix them freely.
_ROMAN = (
    ("chh", "C"), ("tch", "C"), ("ch", "C"), ("kh", "K"), ("ck", "K"), ("gh", "K"), ("th", "T"), ("dh", "T"),
    ("ph", "P"), ("nh", "N"), ("ng", "G"), ("q", "K"), ("g", "K"), ("k", "K"), ("c", "K"), ("t", "T"),
    ("d", "T"), ("b", "P"), ("p", "P"), ("f", "P"), ("v", "V"), ("w", "V"), ("n", "N"), ("m", "M"),
    ("l", "L"), ("r", "R"), ("s", "S"), ("z", "S"), ("x", "S"), ("j", "C"), ("y", "Y"), ("h", "H"),
)  # fmt: skip
_KHMER = {
    letter: key
    for letters, key in (
        ("កខគឃ", "K"), ("ង", "G"), ("ចឆជឈ", "C"), ("ញ", "N"), ("ដឌតថទធឋឍ", "T"), ("ណន", "N"),
        ("បផពភ", "P"), ("ម", "M"), ("យ", "Y"), ("រ", "R"), ("លឡ", "L"), ("វ", "V"), ("សឝឞ", "S"),
        ("ហ", "H"), ("អឥឦឧឩឪឯឰឱឲ", "A"), ("ឫឬ", "R"), ("ឭឮ", "L"),
    )
    for letter in letters
}  # fmt: skip
_SILENCER = "\u17cd"
_NIKAHIT = "\u17c6"
_WORD = re.compile(r"[a-z]+|[\u1780-\u17d3\u17dd]+")
_REPEATED = re.compile(r"(.)\1+")
_UNSOUNDED_INSIDE = re.compile("[HYA]")
_UNSOUNDED_END = re.compile("[RSV]$")


def word_keys(name: str) -> list[str]:
    """The key of each word of `name`, in order; digits and signs are passed over."""
    return [key for key in map(_skeleton, _sounds(name)) if key]


def name_key(name: str) -> str:
    """One key for the whole name, blind to where words are parted: "Chan Tha" is "Chantha"."""
    return _skeleton("".join(_sounds(name)))


def _sounds(name: str) -> list[str]:
    words = _WORD.findall(fold(name))
    return [_khmer(word) if word[0] > "\u1000" else _roman(word) for word in words]


def _roman(word: str) -> str:
    key, i = "", 0
    while i < len(word):
        for spelling, letter in _ROMAN:
            if word.startswith(spelling, i):
                key += letter
                i += len(spelling)
                break
        else:
            key += "" if i else "A"
            i += 1
    return key


def _khmer(word: str) -> str:
    key = ""
    for i, letter in enumerate(word):
        if letter in _KHMER and word[i + 1 : i + 2] != _SILENCER:
            key += _KHMER[letter]
        elif letter == _NIKAHIT:
            key += "M"
    return key


def _skeleton(key: str) -> str:
    """`key` without what Roman spellings leave out: doubling, h and y inside, r, s and v at the end."""
    key = _REPEATED.sub(r"\1", key)
    key = key[:1] + _UNSOUNDED_INSIDE.sub("", key[1:])
    return _UNSOUNDED_END.sub("", key) if len(key) > 1 else key
