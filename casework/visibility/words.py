"""The matrix in sentences: each level, each condition, each other word and each note of its cells, said once.

`sentences` says a cell; `reason` says by what one person reaches one record, with the facts of that record.
"""

from typing import Any

from casework.authz.matrix import Cell, Term
from casework.web.i18n import _
from casework.web.render import translate

NOTHING = _("Nothing, not even that it exists.")
# What the levels of a term allow together; whoever writes reads, and whoever reads sees that it exists.
LEVELS = {
    "M": _("Sees that it exists: reference, state, dates, agency. No name and no text."),
    "R": _("Reads it."),
    "W": _("Reads it and adds to it."),
    "A": _("Sees that it exists, and approves."),
    "RA": _("Reads it and approves."),
    "WA": _("Reads it, adds to it and approves."),
}
SHORT = {
    "M": _("sees that it exists"), "R": _("reads"), "W": _("reads and writes"),
    "A": _("sees that it exists, approves"), "RA": _("reads, approves"), "WA": _("reads, writes, approves"),
}
CONDITIONS = {
    "a": _("Only who is assigned to the record or to its case."),
    "g": _("Only of the own agency or office."),
    "u": _("Only what they entered themselves, or what is about themselves."),
    "s1": _("Only after the file was submitted to the prosecution, or its advice was asked."),
    "s2": _("Only after the investigating judge was seised."),
    "c": _("Only while consent is recorded."),
    "x": _("Only in an emergency: with a reason, for a few hours; the owner and the auditor are told at once."),
    "2": _("Only two people together."),
    "own": _("Only of cases that came of their own reports."),
    "30d": _("Only for 30 days."),
    "request": _("Only as a request, until it is taken up."),
    "compartment": _("Only who was admitted to the compartment."),
    "chief": _("Only the head of the office."),
    "accepted": _("Only after they accepted the referral."),
    "for_file": _("Only what is marked for the file."),
    "caregiver": _("Only where this person cares for the child."),
    "focal": _("Only who is the focal point for the plan."),
}
WORDS = {
    "agg": _("Totals only, never a single record."),
    "own": _("Only their own."),
    "match": _("Only whether a value matches: yes or no."),
    "last8": _("Only the last 8 characters."),
    "propose": _("May propose. Others decide."),
    "propose_own_agency": _("May propose for the own agency. Others decide."),
    "own_office": _("Only of the own office."),
    "own_agency": _("Only of the own agency."),
    "own_hotline": _("Only of the own hotline."),
    "own_activity": _("Only what they did themselves."),
    "all_suppressed": _("All figures, with small numbers left out."),
    "log_only": _("Only the log of it."),
    "one_record": _("One record at a time."),
    "label": _("Labels only."),
    "file_version": _("A version of the case file only."),
    "suppressed_tables": _("Tables only, with small numbers left out."),
    "chain_status": _("Only whether the log is in order."),
    "counts": _("Only numbers."),
    "run": _("May start it. Others choose what."),
}
NOTES = {
    "safety flag and relation only": _("Of it only the safety flag and the relation to the child."),
    "sealed annex": _("In the sealed annex."),
    "custody fields": _("Of it only what concerns custody."),
    "discrepancy": _("Of it only how a discrepancy ends."),
    "viewing request": _("Of it only a request to view."),
    "sealed, label only": _("Sealed: of it only the label."),
    "extension": _("Of it only an extension."),
    "minor suspect": _("Only where the suspect is under 18."),
    "date, place, measures": _("Of it only date, place and protective measures."),
    "outcome, own referrals": _("Of it only the outcome, for their own reports."),
    "outcome, compensation, release": _("Of it only outcome, compensation and release."),
    "own answer": _("They write their own answer."),
    "risk level, safety flags, may be interviewed":
        _("Of it only the level of risk, the safety flags, and whether the child may be interviewed."),
    "same": _("The same as for the police investigator."),
    "may share with police": _("Of it only whether it may be shared with the police."),
    "hold": _("Of it only a hold."),
    "hold over 24 h": _("Of it only a hold of more than 24 hours."),
    "hold over 72 h": _("Of it only a hold of more than 72 hours."),
    "draft": _("As a draft."),
    "legal assistance": _("Of it only legal assistance."),
    "victim identity leaving": _("Of it only that the identity of a child leaves the country."),
    "propose": _("As a proposal."),
    "both agencies": _("Both agencies together."),
    "no content": _("Never what a record says."),
    "never own account": _("Never the own account."),
    "legal rules": _("Of it only the rules of law."),
    "lists": _("Of it only the lists."),
    "items": _("Of it only the items."),
}
# Rows of the matrix by what they are about, in its order.
GROUPS = (
    (_("Reports, people and their traces"), (
        "referral.facts", "reporter.identity", "suspect.identity", "victim.identity", "victim.place",
        "witness.identity", "identifier", "match.hit")),
    (_("The case and the investigation"), (
        "case.core", "investigation.notes", "compartment", "interview", "interview.recording")),
    (_("Evidence"), (
        "evidence.item", "custody.event", "evidence.file", "restricted.material", "hash.value", "label")),
    (_("Detention, prosecution and court"), (
        "detention", "charge", "hearing", "decision", "prosecution.strategy")),
    (_("Support of the child"), (
        "support.referral", "support.assessment", "therapeutic.note", "consent", "service")),
    (_("Beyond the case"), ("takedown", "international.request")),
    (_("Daily work"), ("task", "note", "case.link")),
    (_("The national plan and figures"), ("plan.action", "activity", "statistics")),
    (_("Watching over it"), ("audit.log", "exposure.log", "export")),
    (_("Running the program"), ("users", "code.lists", "retention")),
)


def letters(levels: frozenset[str]) -> str:
    """The key of LEVELS for some levels: the highest of M, R, W, and A where it is among them."""
    reading = next((level for level in "WRM" if level in levels), "")
    return ("" if reading == "M" else reading) + "A" if "A" in levels else reading


def said(request, term: Term) -> list[str]:
    """One term of a cell: what is allowed, then each condition, then the note."""
    parts = [LEVELS[letters(term.levels)], *(CONDITIONS[word] for word in term.conditions)]
    if term.note:
        parts.append(NOTES.get(term.note, term.note))
    return [translate(request, part) for part in parts]


def sentences(request, cell: Cell) -> list[str]:
    """A cell: one paragraph of sentences for each of its ways."""
    if not cell.terms and not cell.words:
        return [translate(request, NOTHING)]
    return [*(" ".join(said(request, term)) for term in cell.terms),
            *(translate(request, WORDS[word]) for word in cell.words)]


def may(request, levels: frozenset[str]) -> str:
    """What somebody may do, in a few words."""
    return translate(request, SHORT[letters(levels)])


def title(row: Any, locale: str) -> str:
    """What a row of the matrix is about."""
    return row.title_km if locale == "km" else row.title_en
