"""Policies (C2SP tlog-policy): who must have cosigned, and which files are no policies."""

import itertools

import pytest

from casework.verifier.casework_verify import Malformed, trust_from
from tests.verifier import made
from tests.verifier.made import LOG, WITNESSES, Signer

A, B, C = (f"witness {signer.name[-1]} {signer.vkey}" for signer in WITNESSES)
KEYS = f"log {LOG.vkey}\n{A}\n{B}\n{C}\n"


@pytest.mark.parametrize(("rule", "met"), [
    ("quorum none", lambda seen: True),
    ("quorum b", lambda seen: "b" in seen),
    ("group g any a b\nquorum g", lambda seen: seen & {"a", "b"}),
    ("group g all a b c\nquorum g", lambda seen: len(seen) == 3),
    ("group g 2 a b c\nquorum g", lambda seen: len(seen) >= 2),
    ("group g any a b\ngroup h all g c\nquorum h", lambda seen: seen & {"a", "b"} and "c" in seen),
])
def test_the_quorum(rule, met):
    trust = trust_from(KEYS + rule + "\n")
    for count in range(4):
        for seen in itertools.combinations("abc", count):
            assert bool(trust.quorum is None or trust.met(trust.quorum, set(seen))) == bool(met(set(seen)))


def test_spaces_comments_and_addresses_are_allowed():
    trust = trust_from(f"# ours (fictional)\n\n\t log \t{LOG.vkey} https://log.example/\n  {A} https://w.example\n"
                       "group é 1 a\nquorum é")
    assert (trust.logs[0].name, trust.quorum, list(trust.witnesses)) == (made.ORIGIN, "é", ["a"])


@pytest.mark.parametrize("text", [
    "",
    KEYS,
    KEYS + "quorum d\n",
    KEYS + "quorum a\nquorum a\n",
    KEYS + "quorum a b\n",
    KEYS + "group g 0 a\nquorum g\n",
    KEYS + "group g 01 a\nquorum g\n",
    KEYS + "group g 2 a\nquorum g\n",
    KEYS + "group g some a\nquorum g\n",
    KEYS + "group g any\nquorum g\n",
    KEYS + "group g any a a\nquorum g\n",
    KEYS + "group g any a\ngroup h any a\nquorum h\n",
    KEYS + "group g any h\ngroup h any a\nquorum g\n",
    KEYS + "group a any b\nquorum a\n",
    KEYS + "group none any b\nquorum none\n",
    KEYS + "quorum none\nmore\n",
    KEYS + f"log {LOG.vkey}\nquorum none\n",
    KEYS + f"witness d {WITNESSES[0].vkey}\nquorum none\n",
    KEYS + f"witness a {Signer('d.example', 4).vkey}\nquorum none\n",
    f"log {WITNESSES[0].vkey}\nquorum none\n",
    f"witness a {LOG.vkey}\nquorum none\n",
    f"log {LOG.vkey}\r\nquorum none\n",
    f"log {LOG.vkey}\vx\nquorum none\n",
])
def test_what_is_no_policy(text):
    with pytest.raises(Malformed):
        trust_from(text)


def test_the_command_line_refuses_them(verify, tmp_path):
    path = tmp_path / "bad"
    path.write_text("quorum all\n", encoding="utf-8")
    assert verify("proof", path, trust=("--policy", path))["exit"] == 2
