"""What conditions look into besides the record itself: its case, a child's support, an exhibit, assignments.

PostgreSQL's row security hides rows of these tables too, and a condition must still find its facts: whether the case
was submitted decides on a prosecutor's view of an exhibit, whoever sees the case. So where row security is on,
conditions look into views that show nothing but these facts (`row_security.view_of`), elsewhere into the tables.
"""

from functools import lru_cache

from sqlalchemy import Alias, TableClause, column
from sqlalchemy.ext.compiler import compiles

from casework.db.asking import SCHEMA
from casework.db.base import Base

# The columns that conditions may ask for. Of tables that are not here, which row security leaves alone, all.
FACTS = {
    "case": ("id", "lead_agency_id", "referral_agency_id", "prosecution_agency_id", "court_agency_id",
             "support_agency_id", "submitted_at", "advice_asked_at", "introductory_at"),
    "support_referral": ("id", "case_id", "child_id", "provider_agency_id", "accepted_at", "consent_provider"),
    "referral": ("id", "case_id"),
    "support_sending": ("id", "case_id"),
    "evidence_item": ("id", "store_agency_id", "receiver_agency_id"),
}


class Facts(TableClause):
    """A table, or the view of its facts where the database has one."""

    inherit_cache = True


@compiles(Facts)
def _named(element: Facts, compiler, **_kw) -> str:
    name = compiler.preparer.quote(element.name)
    if compiler.dialect.name != "postgresql":
        return name
    walled = getattr(compiler.dialect, "row_security", False) and element.name in FACTS
    return f"{SCHEMA if walled else 'public'}.{name}"


@lru_cache
def other(table: str) -> Alias:
    """A table under another name, for a condition that looks into it from outside. One alias serves all: each copies
    every column, and conditions do not stand within each other."""
    known = Base.metadata.tables[table].columns
    return Facts(table, *(column(name, known[name].type) for name in FACTS.get(table, known.keys()))).alias()
