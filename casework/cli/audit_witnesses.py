"""casework audit checkpoint --print, and casework audit witnesses: what other agencies get, and what they said."""

from dataclasses import asdict
from typing import Any

from pyramid.i18n import make_localizer
from sqlalchemy import Engine

from casework.audit.cosigned import Standing, standings
from casework.audit.paper import printable, public_key
from casework.audit.witness import Refusal, memory_of, refusals
from casework.oversight.checkpoint import ADVICE, GRAVE, LATE, state
from casework.settings import Settings
from casework.web.i18n import LOCALES, compile_catalogs

from . import common


def paper(settings: Settings) -> str:
    """The checkpoint for a printer: the text, the same as a QR code, the fingerprint, and what to do with it in both
    languages. Raises Problem before the first signature."""
    with common.database(settings) as (engine, _ring), engine.connect() as connection:
        made = printable(connection, public_key(settings))
    if made is None:
        raise common.Problem("nothing was signed yet: casework serve or casework audit sequence does that")
    folders = compile_catalogs()
    advice = ["\n".join(make_localizer(locale, folders).translate(line) for line in ADVICE) for locale in LOCALES]
    signed = made["at"].strftime("%Y-%m-%d %H:%M UTC")
    head = f"{made['origin']}\n{made['size']} entries, signed {signed}\nfingerprint {made['fingerprint'] or '?'}\n"
    return "\n".join([head, made["note"], _terminal(made["qr"]), "\n\n".join(advice), ""])


def _terminal(qr) -> str:
    """The code in half blocks, dark on light as on paper."""
    rows = [[bool(cell) for cell in row] for row in qr.matrix_iter(border=4)]
    rows += [[False] * len(rows[0])] * (len(rows) % 2)
    shapes = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return "\n".join("".join(shapes[cells] for cells in zip(*pair, strict=True)) for pair in pairs)


def witnesses(settings: Settings, *, json: bool) -> int:
    """Print how each witness stands; 1 when one is late or says that the log was changed. Raises Problem."""
    policy = settings.policy()
    if policy is None:
        raise common.Problem("no witness is named: set log_policy (docs/witness.md)")
    with common.database(settings) as (engine, _ring):
        found = _found(engine, policy)
    tries = refusals(memory_of(settings.data))
    alarms = {one.name for one in found if state(one, tries.get(one.name)) in (GRAVE, LATE)}
    if json:
        common.print_json([_facts(one, tries.get(one.name), one.name in alarms) for one in found])
    else:
        print("\n".join(_words(one, tries.get(one.name)) for one in found))
    return int(bool(alarms))


def _found(engine: Engine, policy) -> list[Standing]:
    with engine.execution_options(sqlite_begin="BEGIN").connect() as connection:
        return standings(connection, policy)


def _facts(one: Standing, refusal: Refusal | None, alarm: bool) -> dict[str, Any]:
    return {
        "name": one.name, "key": one.key.text, "url": one.url, "size": one.size, "at": one.at, "behind": one.behind,
        "late": one.late, "refusal": refusal and asdict(refusal), "alarm": alarm,
    }


def _words(one: Standing, refusal: Refusal | None) -> str:
    ago = one.ago
    when = "never cosigned" if ago is None else f"cosigned {one.size} entries {int(ago.total_seconds() // 60)} min ago"
    line = f"{one.name} ({one.key.name}): {when}, {one.behind} behind. {state(one, refusal)}."
    return line if refusal is None else f"{line} Last try {refusal.at}: {refusal.problem}."
