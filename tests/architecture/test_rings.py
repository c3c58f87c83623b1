"""Who may import whom: docs/architecture.md, Rings."""

import ast
import sys

from tests.architecture.files import ROOT, modules

# Each may import what stands before it. The features of one line never import each other.
ORDER = (
    ("verifier",),
    ("witness",),
    ("schemas",),
    ("settings",),
    ("db",),
    ("crypto",),
    ("reference",),
    ("audit",),
    ("authz",),
    ("workflow",),
    ("web",),
    ("records",),
    ("files", "hashes"),
    ("accounts",),
    ("people",),
    ("cases",),
    ("referrals", "deconfliction", "evidence", "prosecution", "support", "welfare", "exceptions", "therapy"),
    ("visibility", "exchange"),
    ("oversight",),
)
RANK = {name: rank for rank, names in enumerate(ORDER) for name in names}
# These put the program together; nothing of it imports them.
ASSEMBLY = {"__init__", "models", "cli"}
# Words on the screen are needed everywhere, and this module needs nothing of casework.
OPEN = {"casework.web.i18n"}
SCHEMAS_MAY_IMPORT = {"colander", "translationstring", "schemas"}


def imported(source: str, package: list[str]) -> set[str]:
    """Dotted names of the modules a source imports; `package` resolves the relative ones."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            if stem in ("casework", "casework.web"):
                found |= {f"{stem}.{alias.name}" for alias in node.names}
            else:
                found.add(stem)
    return found


def unit(dotted: str) -> str | None:
    """The ring member a dotted name belongs to, or None for other people's modules."""
    parts = dotted.split(".")
    if parts[0] == "schemas":
        return "schemas"
    if parts[0] != "casework":
        return None
    return parts[1] if len(parts) > 1 else "__init__"


def wrong(name: str, source: str) -> list[str]:
    """What a module imports and may not."""
    parts = name.removesuffix(".py").split("/")
    own = unit(".".join(parts))
    if own in ASSEMBLY:
        return []
    bad = []
    for dotted in sorted(imported(source, parts[:-1])):
        target = unit(dotted)
        if target in (None, own) or dotted in OPEN:
            continue
        if target not in RANK or RANK[target] >= RANK[own]:
            bad.append(f"{name} imports {dotted}")
    return bad


def test_imports_go_inwards_only():
    assert [line for name, source in modules("schemas", "casework") for line in wrong(name, source)] == []


def test_every_package_has_its_ring():
    packages = {path.parent.name for path in (ROOT / "casework").glob("*/__init__.py")}
    assert packages - set(RANK) - ASSEMBLY == set()


def test_open_modules_need_nothing_of_the_program():
    for dotted in OPEN:
        source = (ROOT / (dotted.replace(".", "/") + ".py")).read_text(encoding="utf-8")
        assert {name for name in imported(source, dotted.split(".")[:-1]) if unit(name)} == set()


def test_schemas_stand_alone():
    allowed = set(sys.stdlib_module_names) | SCHEMAS_MAY_IMPORT
    found = {
        f"{name}: {dotted}" for name, source in modules("schemas")
        for dotted in imported(source, name.split("/")[:-1]) if dotted.split(".")[0] not in allowed
    }
    assert found == set()


def test_the_rule_sees_each_way_of_importing():
    assert wrong("casework/db/x.py", "import casework.cases.models")
    assert wrong("casework/db/x.py", "from casework.cases import models")
    assert wrong("casework/db/x.py", "from ..cases.models import Case")
    assert wrong("casework/db/x.py", "from casework import cases")
    assert wrong("casework/evidence/x.py", "def f():\n    from casework.referrals import models")
    assert wrong("casework/cases/x.py", "from casework.cli import main")
    assert not wrong("casework/cases/x.py", "from casework.people.models import Person\nfrom .models import Case")
