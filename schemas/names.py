"""Names that sound alike, across Khmer script and its many Roman spellings.

A key is the name's consonants in twelve classes, computed from either script, so that ``សុខ ចាន់ថា`` and
``Sok Chantha`` share one. A spelling is stricter: it differs only where Roman letters are used for one another
(DOMAIN 5.1). Both find candidates; a person decides. Nothing is merged by a key.
"""

import re

from .text import COENG, fold

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
_VARIANTS = (
    ("chh", "c"), ("ch", "c"), ("j", "c"), ("ph", "p"), ("th", "t"), ("kh", "k"), ("ck", "k"), ("ou", "u"),
    ("oo", "u"), ("oe", "eu"),
)  # fmt: skip
_BETWEEN = re.compile(r"[\s.,;:/()'’\"-]+")
_SILENCER = "\u17cd"
_NIKAHIT = "\u17c6"
_WORD = re.compile(r"[a-z]+|[\u1780-\u17d3\u17dd]+")
_REPEATED = re.compile(r"(\D)\1+")  # 100 is not 10
_UNSOUNDED_INSIDE = re.compile("[HYA]")
_UNSOUNDED_END = re.compile("[RSV]$")


def words_of(name: str) -> list[str]:
    """The words of `name`, folded."""
    return [word for word in _BETWEEN.split(fold(name)) if word]


def spelling(word: str) -> str:
    """One Roman spelling for those that are used for the same letters; Khmer script as it folds."""
    word = fold(word)
    if not word.isascii():
        return word
    for written, one in _VARIANTS:
        word = word.replace(written, one)
    word = _REPEATED.sub(r"\1", word)
    return word[:-1] if len(word) > 2 and word.endswith("h") else word


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
        # What hangs under the last consonant of a word is written and not spoken: ពេជ្រ is Pich.
        hangs = i == len(word) - 1 and i > 2 and word[i - 1] == COENG
        if letter in _KHMER and not hangs and word[i + 1 : i + 2] != _SILENCER:
            key += _KHMER[letter]
        elif letter == _NIKAHIT:
            key += "M"
    return key


def _skeleton(key: str) -> str:
    """`key` without what Roman spellings leave out: doubling, h and y inside, r, s and v at the end."""
    key = _REPEATED.sub(r"\1", key)
    key = key[:1] + _UNSOUNDED_INSIDE.sub("", key[1:])
    return _UNSOUNDED_END.sub("", key) if len(key) > 1 else key
