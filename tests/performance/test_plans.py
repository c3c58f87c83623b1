"""No page reads a table from end to end: with ten times the records it would take ten times as long.

Asked of SQLite, which tells how it will answer and keeps no statistics, so that few records are planned as many are. In
the order of an index a table is walked until a page is full; where little is wanted of it, that is the whole table, so
each such walk is named here.
"""

import re

import pytest
from sqlalchemy import event

from casework.cli import bench_people
from casework.cli.bench_count import InProcess
from casework.cli.bench_pages import pages
from casework.cli.bench_seed import seed
from casework.db.base import Base

pytestmark = pytest.mark.one_engine
WHOLE = re.compile(r"SCAN (\w+)\b(?! VIRTUAL)")
NOTHING = re.compile(r"\(SELECT (\w+)\.id\s+FROM \w+\s+WHERE 0 = 1\)")  # what a reader sees none of
# As many rows as there are offices or officers, as people who chose for themselves, as sign-ins at this moment.
FEW = {"agency", "office", "user_account", "membership", "user_session", "exposure_choice"}
WALKED = {
    ("CLK", "prosecution"),  # a page of what is assigned, of which a court has a good part
    ("OVS", "referral"), ("OVS", "case"),  # counted
    ("SWS", "break_glass"), ("AUD", "break_glass"),  # those that nobody has reviewed, by an index of these
    ("PSU", "stored_file"),  # those that are damaged, by an index of these
}


def read_whole(statement: str, plan: list[str]) -> set[str]:
    """The tables that may grow and that a plan reads from end to end."""
    aliases = {alias: table for table, alias in re.findall(r'"?(\w+)"? AS (\w+)', statement)}
    named = {aliases.get(match[1], match[1]) for line in plan if (match := WHOLE.match(line))}
    return named & set(Base.metadata.tables) - FEW - set(NOTHING.findall(statement))


def test_no_page_reads_a_whole_table(app, database):
    engine = app.registry["engine"]
    staff, people = bench_people.hire(engine, database.keyring)
    seed(engine, database.keyring, staff, 150, lambda done: None)
    tokens = bench_people.sign_in(engine, database.keyring, people)
    visitors = {role: InProcess(app, "http://localhost", {"cw": token}) for role, token in tokens.items()}
    with engine.connect() as connection:
        found = pages(connection, visitors)
    sent: dict[str, tuple] = {}
    event.listen(engine, "before_cursor_execute", lambda _connection, _cursor, statement, values, *_more:
                 sent.setdefault(statement, values))
    whole = set()
    for page in found:
        sent.clear()
        page.act(visitors[page.role])
        with engine.connect() as connection:
            for statement, values in list(sent.items()):
                if statement.startswith(("SELECT", "WITH", "UPDATE", "DELETE")) and not isinstance(values, list):
                    plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
                    for table in read_whole(statement, [row[3] for row in plan]):
                        whole.add((page.role, table))
    assert whole - WALKED == set()
    assert WALKED - whole == set(), "walked no more"
