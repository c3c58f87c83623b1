"""What one person does all day, in a process that may be killed at any moment.

Each act is written down before it is sent (what, with which token) and again after it was answered, both on the disk
before going on. Who comes back after a kill first sends again, with the same token, what had no answer: as a person
does whose page never came.
"""

import datetime as dt
import json
import os
import random
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from webtest import Form, TestApp

from casework.cases.models import Case
from casework.db.base import now
from casework.evidence import service as evidence
from tests.support.scene import Scene, item_data

SENT, ANSWERED = "sent", "answered"


@dataclass
class Diary:
    """The file of one person: one JSON object a line."""

    path: Path

    def write(self, what: str, **values) -> None:
        line = json.dumps({"what": what, **values}) + "\n"
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, line.encode())
            os.fsync(file)
        finally:
            os.close(file)

    def read(self) -> list[dict]:
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def grown(self, within: float) -> None:
        """Wait until something more was answered, `within` seconds at most."""
        before, until = self.answers(), time.monotonic() + within
        while self.answers() == before and time.monotonic() < until:
            time.sleep(0.005)

    def answers(self) -> int:
        return sum(act["what"] == ANSWERED for act in self.read())

    def unanswered(self) -> list[dict]:
        """Acts that were sent and have no answer, in order."""
        acts = self.read()
        answered = {act["mark"] for act in acts if act["what"] == ANSWERED}
        return [act for act in acts if act["what"] == SENT and act["mark"] not in answered]


class Story:
    """One person's acts through the pages, one after the other, until somebody ends the process."""

    def __init__(self, scene: Scene, name: str, client: TestApp, diary: Diary):
        self.user = str(scene.people[name].user_id)
        self.scene, self.client, self.diary, self.dice = scene, client, diary, random.Random(1)
        self.pages: dict[str, Form] = {}
        self.token = client.get("/account").html.find("input", {"name": "csrf_token"})["value"]

    def blank(self, path: str) -> Form:
        """The form at `path`, opened once, with a new token of its own."""
        if path not in self.pages:
            self.pages[path] = self.client.get(path).forms["form"]
        page = self.pages[path]
        page["draft"] = str(uuid.uuid4())
        return page

    def resume(self) -> None:
        """Send again what had no answer."""
        for act in self.diary.unanswered():
            if act["kind"] == "form":
                self.send(act["path"], act["fields"], act["mark"])

    def send(self, path: str, fields: list, mark: str) -> str:
        """Send a form, sometimes twice; returns where it led. The token of the session is not written down."""
        pairs = [("csrf_token", self.token), *map(tuple, fields)]
        for _ in range(self.dice.choice((1, 1, 2))):
            answer = self.client.post(path, pairs, expect_errors=True)
            assert answer.status_int == 303, f"{path}: {answer.status}"
            self.diary.write(ANSWERED, mark=mark, location=answer.location)
        return answer.location

    def form(self, path: str, **fields: str) -> str:
        """Fill in and send the form at `path`."""
        page = self.blank(path)
        for name, value in fields.items():
            page[name] = value
        mark = page["draft"].value
        values = [pair for pair in page.submit_fields("save") if pair[0] != "csrf_token"]
        self.diary.write(SENT, kind="form", user=self.user, path=path, fields=values, mark=mark)
        return self.send(path, values, mark)

    def report(self) -> str:
        """A report by telephone; returns its address."""
        words = f"A report that is counted: {uuid.uuid4()} (fictional)"
        location = self.form(
            "/referrals/new", immediate_danger="no", source="family", channel="phone", narrative=words, province="12"
        )
        return location.removeprefix("http://localhost")

    def report_and_triage(self) -> None:
        """A report, and the first step of working on it."""
        self.form(f"{self.report()}/do/start_triage")

    def note(self) -> None:
        """A note in the case."""
        path = f"/cases/{self.scene.case.ref}/notes/new"
        self.form(path, kind="general", text=f"A note that is counted: {uuid.uuid4()} (fictional)")

    def exhibit(self) -> None:
        """An item of evidence, sealed at once: two links of its chain."""
        inv, mark = self.scene.who("inv"), str(uuid.uuid4())
        self.diary.write(SENT, kind="item", mark=mark)
        data = item_data(description=f"An item that is counted: {mark}", seal=f"S-{mark[:8]}",
                         seized_at=now() - dt.timedelta(hours=2),
                         seal_witnesses=["Sok (fictional)", "Dara (fictional)"])
        with self.scene.database.work(identity=inv) as db:
            evidence.record_item(db, inv, db.get_one(Case, self.scene.case.id), data)
        self.diary.write(ANSWERED, mark=mark, location="")

    def open_forms(self, role: str) -> None:
        """Open what `role` will send, so that who is forked off need not."""
        self.blank("/referrals/new" if role == "hot" else f"/cases/{self.scene.case.ref}/notes/new")

    def live(self, role: str, seed: float) -> None:
        """The endless day of `role`: HOT reports, INV writes notes and records items."""
        self.dice = random.Random(seed)
        self.resume()
        acts = {"hot": (self.report, self.report_and_triage), "inv": (self.note, self.note, self.exhibit)}[role]
        while True:
            self.dice.choice(acts)()
