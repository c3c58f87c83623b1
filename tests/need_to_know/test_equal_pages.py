"""Two databases that differ only in records hidden from a reader give that reader the same pages, byte for byte."""

import difflib

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from casework.authz.identity import ROLES
from tests.support.world import META, READ

from .twins import add_hidden, answers, hidden_from, questions, restore, restored

# Words that somebody might search for, in the program's two scripts; those of seen records come with each reader.
TEXTS = ["Lotus", "កុមារ", "assigned", "q", "%", "00000"]


def visible_words(truth, role: str) -> list[str]:
    found = [text for text, word in truth.world.words.items() if word.kind in (META, READ) and truth.shows(text, role)]
    return [*found[:2], *found[-1:]]


@pytest.mark.parametrize("role", ROLES)
def test_hidden_records_change_no_byte(settled, truth, role):
    hidden, words = hidden_from(truth, role), visible_words(truth, role)
    asked = questions(settled, truth, role, words)
    assert len(asked) > 60
    assert len(hidden) > 100
    with restored(settled):
        first = answers(settled, role, asked)

        def same(chosen):
            restore(settled)
            add_hidden(settled, role, chosen)
            second = answers(settled, role, asked)
            told = [different(one, first[one], second[one]) for one in asked if second[one] != first[one]]
            assert not told, f"{len(told)} of {len(asked)}:\n" + "\n".join(told[:12])

        @settings(max_examples=2, deadline=None, database=None, phases=[Phase.generate],
                  suppress_health_check=list(HealthCheck))
        @given(st.integers(1, 60), st.randoms(use_true_random=False), st.sampled_from(TEXTS + words))
        def some(number, chance, text):
            same([(one, text) for one in chance.sample(hidden, number)])

        # All of them first: what any single one adds to a number or a list is found without luck.
        same([(one, TEXTS[0]) for one in hidden])
        some()


def different(question, first: tuple, second: tuple) -> str:
    """The lines that differ."""
    lines = difflib.unified_diff(
        [str(first[:2]), *first[2].splitlines()], [str(second[:2]), *second[2].splitlines()], lineterm="", n=0)
    return "\n".join([str(question), *list(lines)[:20]])
