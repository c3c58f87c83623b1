import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.text import clean, fold, problem_in_text, to_ascii_digits

SAME = {
    "subscript ro first or last": ("ស\u17d2ត\u17d2រ\u17b8", "ស\u17d2រ\u17d2ត\u17b8"),
    "shifter and vowel": ("ប\u17c9\u17bb", "ប\u17bb\u17c9"),
    "aa and nikahit": ("ច\u17b6\u17c6", "ច\u17c6\u17b6"),
    "oe typed in halves": ("ប\u17be\u1780", "ប\u17c1\u17b8\u1780"),
    "oo typed in halves": ("គ\u17c4", "គ\u17c1\u17b6"),
    "subscript ta or da": ("កណ\u17d2តាល", "កណ\u17d2ដាល"),
    "zero-width space": ("ចាន់ថា", "ចាន់\u200bថា"),
    "zero-width non-joiner": ("ប\u17ca\u17b8", "ប\u200c\u17ca\u17b8"),
    "vowel before subscript": ("ក\u17d2រ\u17b7", "ក\u17b7\u17d2រ"),
    "muusikatoan after vowel": ("ម\u17c9\u17c2", "ម\u17c2\u17c9"),
    "inherent vowel": ("កា", "ក\u17b4\u17b6"),
    "doubled sign": ("ចាន់", "ចាន់\u17cb"),
    "Khmer digits": ("២០២៥", "2025"),
}

khmer = st.text(st.characters(min_codepoint=0x1780, max_codepoint=0x17F9))
anything = st.one_of(st.text(), khmer)


@pytest.mark.parametrize("pair", SAME.values(), ids=SAME.keys())
def test_texts_that_look_the_same_fold_to_one_key(pair):
    assert fold(pair[0]) == fold(pair[1])


@pytest.mark.parametrize("pair", [("ចាន់", "ចិន"), ("កា", "គា"), ("ស្រី", "ស្រា"), ("2025", "2026"), ("ប៉ា", "បា")])
def test_texts_that_differ_stay_apart(pair):
    assert fold(pair[0]) != fold(pair[1])


def test_fold_takes_case_diacritics_and_spaces_off_latin():
    assert fold("  Crème\u00a0 \tBRÛLÉE ") == "creme brulee"
    assert fold("Đặng Straße Ⅳ ４２") == "dang strasse iv 42"


@given(anything)
def test_fold_is_stable(s):
    assert fold(fold(s)) == fold(s)


def test_fold_is_stable_for_every_character():
    for number in range(sys.maxunicode + 1):
        char = chr(number)
        if unicodedata.category(char) not in ("Cn", "Co", "Cs"):
            assert fold(fold(char)) == fold(char), hex(number)


@given(anything)
def test_clean_is_stable_and_keeps_the_key(s):
    assert clean(clean(s)) == clean(s)
    assert fold(clean(s)) == fold(s)


def test_clean_keeps_what_was_typed():
    assert clean("  ស\u17d2រ\u17d2ត\u17b8\u200b ") == "ស\u17d2រ\u17d2ត\u17b8\u200b"
    assert clean("a\r\nb\rc") == "a\nb\nc"


@given(anything)
def test_digits_keep_the_length(s):
    assert len(to_ascii_digits(s)) == len(s)


def test_digits():
    assert to_ascii_digits("ថ្ងៃ ២៧/០៣/２０２５") == "ថ្ងៃ 27/03/2025"


@pytest.mark.parametrize(
    ("text", "multiline", "code"),
    [
        ("ចាន់\u200bថា", False, None),
        ("two\nlines\tof\r\ntext", True, None),
        ("two\nlines", False, "control"),
        ("nul\x00", True, "control"),
        ("line\u2028separator", True, "control"),
        ("tag\U000e0041", False, "control"),
        ("abc\u202egnp", False, "bidi"),
        ("\u2066isolate", True, "bidi"),
        ("half \ud800", False, "surrogate"),
    ],
)
def test_problem_in_text(text, multiline, code):
    assert problem_in_text(text, multiline=multiline) == code
