"""The rule that allowed an act, as the log keeps it ("case.core INV W a"), in words."""

from casework.web.i18n import _
from casework.web.render import code_label, translate

LEVELS = {"M": _("see that it exists"), "R": _("read"), "W": _("write"), "A": _("approve")}
CONDITIONS = {
    "a": _("assigned to it"), "g": _("of the own agency"), "u": _("own entries"), "x": _("emergency access is open"),
    "s1": _("the file was submitted, or advice asked"), "s2": _("the judge was seised"),
    "c": _("consent is recorded"), "2": _("two people together"), "own": _("from the own report"),
    "30d": _("within 30 days"), "request": _("by request"), "compartment": _("admitted to the compartment"),
    "chief": _("as head of the office"), "accepted": _("after the referral was accepted"),
    "for_file": _("marked for the file"), "caregiver": _("the person is the caregiver"),
    "focal": _("as focal point"),
}


def term_words(request, row: str, levels: str, conditions: list[str]) -> str:
    """One term of the matrix in words: what it is about, what one may do, and on which conditions."""
    matrix = request.registry["matrix"]
    known = matrix.rows.get(row)
    title = row if known is None else known.title_km if request.locale_name == "km" else known.title_en
    # Who may write may also read, and who reads sees that it exists: the highest says it all.
    shown = [level for level in "MRW" if level in levels][-1:] + [level for level in "A" if level in levels]
    may = ", ".join(translate(request, LEVELS[level]) for level in shown)
    when = ", ".join(translate(request, CONDITIONS[word]) for word in conditions if word in CONDITIONS)
    return f"{title}: {may}" + (f" ({when})" if when else "")


def rule_words(request, rule: str | None) -> str:
    """The rule of an entry in words; the rule as it stands where it is none of the matrix."""
    parts = (rule or "").split()
    if parts[1:] == ["creates"]:
        return translate(request, _("${role}: may begin such a record"), role=code_label(request, "roles", parts[0]))
    if len(parts) < 3 or parts[0] not in request.registry["matrix"].rows:
        return rule or ""
    return term_words(request, parts[0], parts[2], parts[3].split(",") if len(parts) > 3 else [])
