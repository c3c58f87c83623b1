"""Who is shown who can see a record, and who did.

The rule, from row 38 of the matrix (Audit log) and DOMAIN 9.9: own staff is watched by the own supervisor, supervisors
by the auditor.

* A supervisor (`own_agency` in row 38) who reads the record because it is of the own agency sees who can see it, and
  everybody who did. The head of an office (`own_office`, chief) sees who can, and of those who did the own people.
* Who answers for the record or for what it hangs under (lead officer of the case, social worker of the support,
  prosecutor of the matter) and reads it sees who can; of those who did, themselves.
* The auditor sees both on the desk, for any moment, and no content. Nobody else sees either.

Reading by an emergency access entitles to nothing. A provider of support may be where the child stays: who does not
read support referrals is not told whether there is one.
"""

from typing import Any

from casework.authz.access import access_to_one
from casework.authz.matrix import Matrix

ALL, OFFICE, SELF = "all", "office", "self"
LEADS = ("lead_officer_id", "worker_id", "prosecutor_id")


def entitled(request, context: Any) -> str | None:
    """Whose doings with the record of a page this person is shown: ALL, OFFICE, SELF; None where the page is closed."""
    identity, record = request.identity, context.own
    access = access_to_one(request.db, identity, record)
    if "R" not in access:
        return None
    conditions = set(access.rule("R").partition(identity.role)[2].split()[-1].split(","))
    if "x" in conditions:
        return None
    words = request.registry["matrix"].cell("audit.log", identity.role).words
    if "own_agency" in words and "g" in conditions:
        return ALL
    if "own_office" in words and identity.chief:
        return OFFICE
    leads = {getattr(one, name, None) for _type, one in context.chain if one is not None for name in LEADS}
    return SELF if identity.user_id in leads else None


def kept_back(matrix: Matrix, role: str) -> tuple[str, ...]:
    """The roles whose part in a record a reader of this role is not told of."""
    return () if matrix.cell("support.referral", role).may("R") else ("PRV",)
