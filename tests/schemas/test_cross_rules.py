"""Rules over several fields: what each refuses, at which field. Everybody here is invented."""

import datetime as dt

import colander
import pytest

from schemas import accounts, case, evidence, person, prosecution, referral, support
from tests.schemas.good import GOOD

TODAY = dt.date.today()

# Schema, what is changed in its right example, the field where the problem stands.
WRONG = [
    (referral.PublicReport, {"narrative": "", "conduct": None}, "narrative"),
    (referral.PublicReport, {"occurred_to": "2025-03-01"}, "occurred_to"),
    (referral.PublicReport, {"occurred_from": (TODAY + dt.timedelta(days=2)).isoformat()}, "occurred_from"),
    (referral.PublicReport, {"district": "0102"}, "district"),
    (referral.PublicReport, {"urls": "https://example.org/\nnot an address"}, "urls"),
    (referral.PublicReport, {"urls": "data:image/png;base64,AAAA"}, "urls"),
    (referral.PublicReport, {"narrative": "too short"}, "narrative"),
    (referral.OperatorReport, {"reporter_anonymous": "true"}, "family_km"),
    (referral.OperatorReport, {"channel": "web"}, "channel"),
    (referral.Accept, {"label": None}, "label"),
    (referral.Accept, {"case": None}, "case"),
    (referral.Accept, {"jurisdiction": ["none", "child"]}, "jurisdiction"),
    (referral.Forward, {"seen": "false"}, "seen"),
    (referral.Close, {"answer": ""}, "answer"),
    (person.Victim, {"dob": "", "age_basis": None, "dob_precision": "exact"}, "dob_precision"),
    (person.Victim, {"dob_precision": "exact"}, "dob_precision"),
    (person.Victim, {"age_basis": None}, "age_basis"),
    (person.Victim, {"identified_at": ""}, "identified_at"),
    (person.Victim, {"identification_routes": None}, "identification_routes"),
    (person.Victim, {"family_km": "Sok"}, "family_km"),
    (person.Victim, {"given_latin": "សុខ"}, "given_latin"),
    (person.Witness, {"role": "victim"}, "role"),
    (person.Address, {"district": "0102"}, "district"),
    (person.Address, {"place": "", "province": "", "district": ""}, "province"),
    (person.Identifier, {"value": "203.0.113.256"}, "value"),
    (person.Identifier, {"observed_to": ""}, "observed_to"),
    (person.Identifier, {"observed_to": "2025-03-27T09:00:00+00:00"}, "observed_to"),
    (person.Identifier, {"type": "domain", "value": "example.org"}, "port"),
    (person.Identifier, {"side": "victim"}, "match_allowed"),
    (person.Identifier, {"type": "account", "value": "name", "port": ""}, "value"),
    (person.Identifier, {"port": "65536"}, "port"),
    (person.IdentifierPaste, {"lines": "012 000 001\n???"}, "lines"),
    (person.IdentifierPaste, {"lines": "203.0.113.7"}, "lines"),
    (person.IdentifierPaste, {"type": "ip"}, "type"),
    (person.IdentifierPaste, {"type": "email"}, "lines"),
    (case.OpenCase, {"countries": None}, "countries"),
    (case.OpenCase, {"offence_precision": None}, "offence_precision"),
    (case.OpenCase, {"offence_to": "31/01/2025"}, "offence_to"),
    (case.OpenCase, {"district": "0102"}, "district"),
    (case.SafetyPlan, {"support": ""}, "no_support_reason"),
    (case.SafetyPlan, {"accompanied_by": ""}, "accompanied_by"),
    (case.Suspend, {"review_at": (TODAY + dt.timedelta(days=92)).isoformat()}, "review_at"),
    (case.Suspend, {"review_at": (TODAY - dt.timedelta(days=2)).isoformat()}, "review_at"),
    (case.CloseCase, {"legal_reason": None}, "legal_reason"),
    (evidence.EvidenceItem, {"hashes": None}, "hashes"),
    (evidence.EvidenceItem, {"hashes": [{"algorithm": "md5", "value": "0f" * 16}]}, "hashes"),
    (evidence.EvidenceItem, {"hashes": [{"algorithm": "sha256", "value": "0f" * 16}]}, "hashes.0.value"),
    (evidence.EvidenceItem, {"vault_ref": ""}, "vault_ref"),
    (evidence.EvidenceItem, {"seal_witnesses": "Witness A"}, "seal_witnesses"),
    (evidence.EvidenceItem, {"seal_witnesses": "Witness A\nWitness A"}, "seal_witnesses"),
    (evidence.EvidenceItem, {"imei": "49-015420-323751-7"}, "imei"),
    (evidence.Release, {"receiver": ""}, "receiver"),
    (evidence.Accept, {"hash_after": "0f"}, "hash_after"),
    (evidence.ExamEvent, {"ended_at": "27/03/2025 13:05"}, "ended_at"),
    (evidence.ExamEvent, {"hash_value": ""}, "hash_value"),
    (prosecution.ReturnFile, {"instructions_due": TODAY.isoformat()}, "instructions_due"),
    (prosecution.ReturnFile, {"instructions_points": ["15"]}, "instructions_points.0"),
    (prosecution.Charge, {"offence_to": "2025-01-31"}, "offence_to"),
    (prosecution.Hearing, {"support_person": ""}, "support_person"),
    (prosecution.HearingResult, {"adjourned_reason": None}, "adjourned_reason"),
    (prosecution.Judgment, {"results": []}, "results"),
    (prosecution.Judgment, {"currency": None}, "currency"),
    (prosecution.Judgment, {"results": GOOD[prosecution.Judgment]["results"] * 2}, "results"),
    (
        prosecution.Judgment,
        {"results": [{"charge": "1", "verdict": "acquitted", "months": "1"}]},
        "results.0.months",
    ),
    (
        prosecution.Judgment,
        {"results": [{"charge": "1", "verdict": "convicted", "months": "1", "suspended_months": "2"}]},
        "results.0.suspended_months",
    ),
    (support.FirstContact, {"note": ""}, "note"),
    (support.Consent, {"relation": None}, "relation"),
    (support.Consent, {"withheld_from": ""}, "withheld_from"),
    (support.Consent, {"valid_to": "2025-03-01"}, "valid_to"),
    (support.Assessment, {"safety_plan": ""}, "safety_plan"),
    (support.Assessment, {"level_of_risk": "low"}, "level_reason"),
    (support.Assessment, {"next_on": "2025-03-01"}, "next_on"),
    (support.Send, {"services": [{"type": "counselling", "subtype": "interpreter"}]}, "services.0.subtype"),
    (support.Send, {"services": []}, "services"),
    (support.Service, {"subtype": "interpreter"}, "subtype"),
    (support.Service, {"delivered_to": "2025-03-27"}, "delivered_to"),
    (support.RequestClosure, {"child_asked": "false"}, "child_asked"),
    (accounts.NewPassword, {"again": "correct horse batterY"}, "again"),
    (accounts.NewPassword, {"password": "aaaaaaaaaaaa", "again": "aaaaaaaaaaaa"}, "password"),
    (accounts.NewPassword, {"password": "short", "again": "short"}, "password"),
    (accounts.Membership, {"role": "INV"}, "chief"),
    (accounts.Membership, {"role": "SYS"}, "role"),
    (accounts.Membership, {"valid_until": "2025-01-01"}, "valid_until"),
    (accounts.Invite, {"login": "Test User"}, "login"),
    (accounts.Agency, {"national": "true"}, "jurisdiction"),
    (accounts.Agency, {"code": "Bad Code"}, "code"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "change", "field"),
    WRONG,
    ids=[f"{s.__module__.rpartition('.')[2]}.{s.__name__}-{f}-{n}" for n, (s, _c, f) in enumerate(WRONG)],
)
def test_a_rule_puts_its_problem_at_the_field_to_change(bound, schema, change, field):
    with pytest.raises(colander.Invalid) as caught:
        bound(schema).deserialize(GOOD[schema] | change)
    assert set(caught.value.asdict()) == {field}


def test_several_rules_tell_their_problems_together(bound):
    wrong = GOOD[referral.PublicReport] | {"occurred_to": "2025-03-01", "district": "0102"}
    with pytest.raises(colander.Invalid) as caught:
        bound(referral.PublicReport).deserialize(wrong)
    assert set(caught.value.asdict()) == {"occurred_to", "district"}


@pytest.mark.parametrize(
    ("dob", "said", "kept"),
    [
        ("2012", None, "year"), ("3/2012", None, "month"), ("1/3/2012", None, "exact"), ("", None, "unknown"),
        ("2012", "estimated", "estimated"),
    ],
)  # fmt: skip
def test_precision_follows_from_the_date_of_birth(bound, dob, said, kept):
    value = bound(person.Suspect).deserialize(GOOD[person.Suspect] | {"dob": dob, "dob_precision": said})
    assert value["dob_precision"] == kept


@pytest.mark.parametrize(("side", "allowed"), [("suspect", True), ("victim", False), ("unknown", False)])
def test_only_what_is_a_suspects_is_compared_by_itself(bound, side, allowed):
    value = bound(person.Identifier).deserialize(
        GOOD[person.Identifier] | {"side": side, "match_allowed": colander.null}
    )
    assert value["match_allowed"] is allowed


def test_pasted_lines_find_their_type(bound):
    lines = "012 000 001\na@example.org\nhttps://example.org/x\nexample.test\n" + "0f" * 32
    value = bound(person.IdentifierPaste).deserialize(GOOD[person.IdentifierPaste] | {"lines": lines})
    kinds = [kind for kind, _text in person.IdentifierPaste.identifiers(value)]
    assert kinds == ["phone", "email", "url", "domain", "sha256"]


def test_pasted_accounts_take_the_platform(bound):
    change = {"lines": "name.one\n@name.two", "type": "account", "platform": "facebook"}
    value = bound(person.IdentifierPaste).deserialize(GOOD[person.IdentifierPaste] | change)
    assert person.IdentifierPaste.identifiers(value) == [
        ("account", "facebook:name.one"), ("account", "facebook:@name.two"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("levels", "level"),
    [
        ({}, "no_action"), ({"housing": 1}, "low"), ({"housing": 2}, "medium"), ({"housing": 3}, "high"),
        ({"housing": 2, "legal": 2, "health": 2}, "high"), ({"safety": 3}, "high"), ({"mental_health": 3}, "high"),
    ],
)  # fmt: skip
def test_proposed_level_and_its_rule(levels, level):
    domains = {name: {"level": str(levels.get(name, 0))} for name, _title in support.DOMAINS}
    proposed, rule = support.proposed_level(domains)
    assert proposed == level
    assert rule in support.PROPOSAL_RULES


def test_a_persons_schema_never_asks_what_must_not_be_asked():
    fields = {child.name for schema in (person.Victim, person.Suspect, person.Reporter, person.Witness)
              for child in schema().children}
    for never in ("ethnicity", "religion", "hiv_status", "photo", "sexual_history", "age_band"):
        assert never not in fields


def test_material_is_labelled_with_conduct_of_the_list(bindings):
    assert all(bindings["codes"].has("conduct", code) for code in referral.MATERIAL)
    assert all(bindings["codes"].has("evidence_kind", code) for code in evidence.DIGITAL)
    assert {name for name, _title in support.DOMAINS} == {
        code.code for code in bindings["codes"].list("assessment_domains")
    }
