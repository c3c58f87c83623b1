"""The crawl with a word in every protected field: no page, list, file, error or header gives it to the wrong reader."""

import re

import pytest

from casework.authz.identity import ROLES
from casework.crypto.sealed import sealed_fields
from tests.authz.papers import PURPOSE, may_take
from tests.authz.reader import contents
from tests.authz.ways import lines, ways

from .canaries import FIRST, fields, fill
from .reach import MODELS
from .twins import restored

CANARY = re.compile("qz[0-9]{5}q")


@pytest.fixture
def filled(settled, truth):
    """The settled world with its fields full; afterwards as it was."""
    with restored(settled):
        yield fill(settled.database, truth)


def addresses(settled, truth, role: str):
    """Own pages; every address under two records of each type that open, in states as far apart as there are; the
    address of one that does not."""
    for address, methods, permission in lines(settled.app):
        if "GET" in methods and "{" not in address and permission != "-":
            yield address
    telling = list(truth.telling(role))
    for table, found in ways(settled.app).items():
        there = [p for p in telling if p.record_type == table and truth.opens(p, role)]
        shut = [p for p in telling if p.record_type == table and not truth.opens(p, role)]
        # One that is read, and one of which less is seen.
        read = [p for p in there if "R" in truth.levels(p, role)]
        less = [p for p in there if "R" not in truth.levels(p, role)]
        for placed in [*read[:1], *less[:1], *shut[:1]]:
            yield from (way.path(truth, placed) for way in found if "GET" in way.methods)


@pytest.mark.parametrize("roles", [ROLES[0::4], ROLES[1::4], ROLES[2::4], ROLES[3::4]], ids=" ".join)
def test_no_field_reaches_who_may_not_see_it(settled, truth, filled, roles):
    assert len(filled) > 1_000
    assert min(int(word[2:7]) for word in filled) == FIRST
    wrong, asked, met = [], 0, set()
    for role in roles:
        client = settled.client(role)
        seen = {word for word, canary in filled.items() if canary.seen_by(truth, role)}
        for path in addresses(settled, truth, role):
            answer = client.get(path, expect_errors=True)
            asked += 1
            if answer.status_int >= 500 and not path.endswith("/download"):
                wrong.append(f"{role}: {path}: {answer.status}")
            told = set(CANARY.findall(contents(answer) + str(answer.headerlist)))
            met |= told
            wrong += [f"{role}: {path} shows {filled[word].field} of a {truth.by_id[filled[word].record].record_type}"
                      for word in told - seen]
            if path.endswith("/history/file") and answer.status_int == 200 and may_take(truth, role):
                form = answer.forms["form"]
                form["form"] = "csv"
                for name, value in PURPOSE.items():
                    if name in form.fields and name != "save":
                        form[name] = value
                given = set(CANARY.findall(contents(form.submit("save"))))
                wrong += [f"{role}: {path} gives out {filled[word].field}" for word in given - seen]
    assert not wrong, f"{len(wrong)} in {asked}:\n" + "\n".join(sorted(set(wrong))[:40])
    assert len(met) > 50, "the words are on the pages of who may see them"


@pytest.mark.one_engine
def test_every_sealed_field_is_one_of_them(settled):
    for model in MODELS.values():
        if hasattr(model, "__scope__"):
            named = {name for name, _level, _row in fields(model)}
            assert set(sealed_fields(model)) <= named
