"""The log of an invented record as it grows: entries chained as `casework.audit.chain` chains them."""

import datetime as dt
import hashlib
import random
import uuid
from collections.abc import Callable

from casework.audit.chain import START, canonical, entry_hash


class Log:
    """One chain. `add(table, **values)` takes its rows."""

    def __init__(self, add: Callable, chain: uuid.UUID, case: uuid.UUID | None, actor, agency, at: dt.datetime,
                 chance: random.Random):
        self.add, self.chain, self.case, self.actor, self.agency = add, chain, case, actor, agency
        self.at, self.chance = at, chance
        self.number, self.last = 0, START

    def entry(self, verb: str, table: str, row: uuid.UUID, ref: str | None, fields: dict[str, list]) -> None:
        """Note that `row` of `table` was changed."""
        details = {
            "verb": verb, "result": "ok", "record_type": table, "record_id": str(row), "role": "INV",
            "actor_id": self.actor and str(self.actor), "agency_id": str(self.agency), "ref": ref, "fields": fields,
            "case_id": self.case and str(self.case),
        }
        body = canonical({name: value for name, value in details.items() if value is not None})
        salt = self.chance.randbytes(16)
        values = {
            "chain": self.chain, "number": self.number + 1, "at": self.at, "verb": verb, "result": "ok",
            "actor_id": self.actor, "agency_id": self.agency, "record_type": table, "record_id": row,
            "case_id": self.case, "body": body, "salt": salt,
            "commitment": hashlib.sha256(salt + body.encode()).digest(), "previous": self.last,
        }
        values["hash"] = entry_hash(values)
        self.number, self.last = values["number"], values["hash"]
        self.add("audit_entry", **values)

    def close(self) -> None:
        """Write the head."""
        self.add("audit_head", chain=self.chain, number=self.number, hash=self.last)
