"""The shape of the checkout, and what may not be written in it."""

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.files import ROOT, modules, texts

# Written in parts, so that this file passes its own test.
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) + r")\b")
INDEX = re.compile(r"--(extra-)?index-url|--find-links|--trusted-host|https?://\S*/simple\b|pythonhosted")
HOME = re.compile(r"(?<![\w.}])/(home|root|Users)/\w")

# Where SQL may go around the unit of work and the row scope, and why.
RAW_SQL = {
    "casework/db/": "engine, sessions, references, migrations",
    "casework/audit/": "writes and verifies the log itself",
    "casework/crypto/": "data keys, which no page shows",
    "casework/authz/conditions.py": "the grants that the scope is made of",
    "casework/authz/scope.py": "starts a list from the assignments of who asks",
    "casework/authz/row_": "policies of PostgreSQL and whether they are there, as the owner of the tables",
    "casework/records/search.py": "the search index, joined to scoped records",
    "casework/records/history.py": "reads the log for a record that was checked before",
    "casework/records/names.py": "names of people and agencies beside a record",
    "casework/records/registry.py": "finds a record by its reference, for the log only",
    "casework/evidence/models.py": "the items whose custody an agency sees, for the scope",
    "casework/oversight/log.py": "the auditor's search of the log",
    "casework/accounts/": "sign-in, before there is an identity",
    "casework/cli/jobs.py": "the advisory lock",
    "casework/cli/roles.py": "rights of the roles, as the owner of the tables",
    "casework/cli/bench_": "fills and measures a database of invented records",
}


def test_alembic_is_no_package():
    assert not (ROOT / "alembic" / "__init__.py").exists(), "it would hide the library of that name"


def test_readme_names_the_two_commands():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make run" in readme
    assert "make test" in readme


def test_ci_runs_the_whole_suite():
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert "make test" in script.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_lock_files_pin_everything_by_hash(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    for entry in re.split(r"\n(?=[a-z])", text.partition("# The following")[0].strip()):
        assert re.match(r"[a-z0-9-]+(\[[a-z]+\])?==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry


def test_development_lock_has_every_runtime_pin():
    def pins(name):
        return set(re.findall(r"^([a-z0-9-]+==\S+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))

    assert pins("requirements.txt") <= pins("requirements-dev.txt")


@pytest.mark.parametrize(
    ("rule", "why"),
    [(UNFINISHED, "finish it or take it out"), (INDEX, "pip is set up by the environment"), (HOME, "one's own path")],
    ids=["unfinished", "index", "home"],
)
def test_nothing_of_this_is_written_anywhere(rule, why):
    own = "tests/architecture/test_layout.py"
    found = [
        f"{name}:{number}: {line.strip()[:80]}"
        for name, text in texts() if name not in (own, "Makefile")
        for number, line in enumerate(text.splitlines(), 1) if rule.search(line)
    ]
    assert found == [], why


def test_nobody_writes_where_this_checkout_lies():
    if ROOT.parent in (Path("/"), Path("/tmp"), Path("/srv"), Path("/opt")):
        place = re.escape(str(ROOT))
    else:
        place = re.escape(str(ROOT.parent))
    rule = re.compile(rf"(?<![\w.}}/]){place}/")
    assert [name for name, text in texts() if rule.search(text)] == []


def raw_sql(source: str) -> set[str]:
    """What of raw SQL a module uses: `text`, `__table__`, `create_engine`, `exec_driver_sql`."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
            found |= {alias.name for alias in node.names} & {"text", "create_engine"}
        elif isinstance(node, ast.Attribute) and node.attr in ("__table__", "exec_driver_sql", "create_engine"):
            found.add(node.attr)
    return found


def test_raw_sql_stays_where_it_is_allowed():
    found = {
        name: used for name, source in modules("casework", "schemas")
        if not name.startswith(tuple(RAW_SQL)) and (used := raw_sql(source))
    }
    assert found == {}


def test_only_one_module_makes_engines():
    makers = [name for name, source in modules("casework") if "create_engine" in raw_sql(source)]
    assert makers == ["casework/db/engine.py"]


@pytest.mark.parametrize(
    "source",
    ["from sqlalchemy import text", "Case.__table__.insert()", "c.exec_driver_sql('x')", "sa.create_engine('x')"],
)
def test_the_raw_sql_rule_sees_each_way(source):
    assert raw_sql(source)
