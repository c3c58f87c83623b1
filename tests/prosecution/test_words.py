"""The word for a person follows the state of the matter and never runs ahead of it."""

import pytest

from casework.prosecution.words import ACCUSED, ACQUITTED, CONVICTED, SUSPECT, word_for


@pytest.mark.parametrize(("state", "statuses", "word"), [
    ("under_review", [], SUSPECT), ("under_review", ["proposed"], SUSPECT), ("no_processing", ["proposed"], SUSPECT),
    ("introductory_submission", ["charged"], ACCUSED), ("deliberation", ["charged"], ACCUSED),
    ("judged", ["convicted"], ACCUSED), ("appeal", ["convicted"], ACCUSED), ("judged", ["acquitted"], ACCUSED),
    ("final", ["convicted", "acquitted"], CONVICTED), ("closed", ["convicted"], CONVICTED),
    ("final", ["acquitted"], ACQUITTED), ("final", ["dismissed"], ACQUITTED), ("final", [], SUSPECT),
    (None, [None], SUSPECT),
])
def test_the_word(state, statuses, word):
    assert word_for(state, statuses) is word
