"""One reader goes through the world: every way to every record, held against the text of the matrix.

`checks` lists what there is to look at, each with its channel, before anything is asked: so it can be counted, split
into parts, and compared with what docs/need-to-know.md says.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial

from casework.db.refs import format_ref
from tests.support.world import ENDING, META, READ, Placed

from . import besides, first_screen
from .matrix_text import expected, terms
from .papers import FORMS, MEDIA, PURPOSE, Paper, may_take, papers_of
from .reader import REF, Reader, contents, face, refs, words
from .truth import PLACES, Truth
from .ways import Way, lines, ways

Check = tuple[str, Callable[[Reader], None]]

LISTS_OF = {
    "case": ("offence_proposal", "person", "identifier", "note", "evidence_item", "prosecution", "charge", "hearing",
             "decision"),
    "person": ("address",), "support_referral": ("consent", "assessment", "service", "follow_up"),
}
# Lists that hang under nothing.
LISTS = ("case", "referral", "support_referral")
# What is found by its words: the kind of word that stands in a searched field.
SEARCHED = {"case": META, "person": META, "note": READ, "evidence_item": READ, "referral": READ,
            "stored_file": READ}
# No record has it. People whose names sound alike are found by it as by every word of its kind.
NO_WORD = f"q{READ}99999q"
PROVES = "history/proof/1"
PROOF = re.compile(r'href="[^"]*/history/proof/(\d+)"')


def absent(ref: str) -> str:
    """A reference of the same kind that no record has: none of the world is of that year."""
    return format_ref(kind_of(ref), 19, ref.split("-")[1])


def kind_of(ref: str) -> str:
    """The letters of a reference that say of which kind it is."""
    return ref.split("-")[0].rstrip("0123456789")


class Rounds:
    """What one reader is to look at. `wrong` gathers in the reader that looks."""

    def __init__(self, truth: Truth, role: str, app):
        self.truth, self.role, self.app, self.ways = truth, role, app, ways(app)
        self.twins: dict[tuple, tuple] = {}
        self.entries: dict[Placed, str] = {}

    def checks(self, tables: frozenset[str] = frozenset(PLACES)) -> Iterator[Check]:
        """What there is to look at: (channel, function of the reader)."""
        yield from self.own_pages()
        known: set[tuple] = set()
        for placed in self.truth.telling(self.role):
            if placed.record_type in tables:
                yield from self.record(placed, known)
            if placed.mine is None and not placed.lapsed:
                yield from self.lists_under(placed, tables)
        for table in sorted(tables.intersection(LISTS)):
            yield "list", partial(self.list, PLACES[table][2], table,
                                  [p for p in self.truth.world.placed if p.record_type == table])
        yield "notification", self.notices

    def own_pages(self) -> Iterator[Check]:
        """Every page that stands under no record and names nothing."""
        for address, methods, permission in lines(self.app):
            if "GET" in methods and "{" not in address and permission != "-":
                yield "page", partial(self.own_page, address, permission)
                if address.endswith("/file"):
                    for form in FORMS if address == "/audit/search/file" else ("csv",):
                        yield "export", partial(self.own_file, address, permission, form)

    def may_ask(self, permission: str) -> bool:
        """Whether any part of a cell gives what a page asks for that stands under no record."""
        rows, _, level = permission.partition(":")
        return permission == "signed-in" or any(
            level in expected(part, frozenset(conditions))
            for row in rows.split("|") for part in self.truth.texts[row, self.role].split(";")
            for _levels, conditions in terms(part))

    def own_file(self, address: str, permission: str, form: str, reader: Reader) -> None:
        """An answer of the auditor's desk as a file: about one report, so that it is short."""
        about = next(placed.ref for placed in self.truth.world.placed if placed.record_type == "referral")
        answer = reader.post(f"{address}?ref={about}", [*PURPOSE.items(), ("form", form)])
        if self.may_ask(permission):
            if not self.leaves(answer, MEDIA[form]):
                reader.wrong(f"{address} as {form}: {answer.status_int}")
        elif answer.status_int not in (403, 404):
            reader.wrong(f"{address} as {form}: {answer.status_int}")

    def own_page(self, address: str, permission: str, reader: Reader) -> None:
        allowed = besides.own_allowed(address, self.role) if self.may_ask(permission) else (403, 404)
        if (status := reader.get(address).status_int) not in allowed:
            reader.wrong(f"{address}: {status} and not {allowed}")

    def record(self, placed: Placed, known: set[tuple]) -> Iterator[Check]:
        """Its page and its history in each state, every other way under it with each outcome; the search for it; the
        file of its history; forms sent to it where it is not there."""
        opens, owned = self.truth.opens(placed, self.role), len(self.seen_owners(placed))
        for way in self.ways[placed.record_type]:
            there = way.there(self.truth, placed, self.role)
            outcome = way.address, there, there and way.given(self.truth, placed, self.role), owned
            if "GET" in way.methods and (way.kind in ("", "history") or outcome not in known):
                yield "history" if way.kind.startswith("history") else "page", partial(self.way, way, placed)
            # An empty form: nothing is changed by it, and to what is not there it must not get so far.
            if "POST" in way.methods and not there and outcome not in known:
                yield "form", partial(self.hidden, way, placed, True)
            known.add(outcome)
        yield "search", partial(self.search, placed, (placed.record_type, opens) not in known)
        known.add((placed.record_type, opens))
        for paper in papers_of(placed.record_type):
            way = self.way_of(placed, paper.tail)
            if way.there(self.truth, placed, self.role):
                yield from self._new(known, partial(self.paper, paper, way), placed, paper.tail, frozenset(
                    self.truth.world.words[word].kind for word in self.wanted(paper.own_words(self.truth, placed))))
        way = self.way_of(placed, "/history")
        if way.there(self.truth, placed, self.role):
            outcome = placed.row, self.truth.levels(placed, self.role)
            if self.takes(placed):
                yield "export", partial(self.export, "csv", placed)
                for form in ("package", "pdf"):
                    yield from self._new(known, partial(self.export, form), placed, form, *outcome)
            else:
                yield from self._new(known, partial(self.export, "csv"), placed, *outcome)

    def _new(self, known: set[tuple], look: Callable, placed: Placed, *outcome: object) -> Iterator[Check]:
        """What leaves in this way, once for each outcome."""
        key = "export", placed.record_type, *outcome
        if key not in known:
            known.add(key)
            yield "export", partial(look, placed)

    def way_of(self, placed: Placed, tail: str) -> Way:
        return next(way for way in self.ways[placed.record_type] if way.tail == tail)

    def takes(self, placed: Placed) -> bool:
        """Whether the matrix gives its history as a file."""
        return may_take(self.truth, self.role) and self.way_of(placed, "/history").given(
            self.truth, placed, self.role)

    def wanted(self, own: set[str]) -> set[str]:
        return {word for word in own if self.truth.shows(word, self.role)}

    def seen_owners(self, placed: Placed) -> list[Placed]:
        return [one for one in self.truth.chain(placed)[:-1] if self.truth.opens(one, self.role)]

    def way(self, way: Way, placed: Placed, reader: Reader) -> None:
        """One address: with what the level shows, or refused, or as if the record were not there."""
        if not way.there(self.truth, placed, self.role):
            return self.hidden(way, placed, False, reader)
        path = way.path(self.truth, placed)
        if way.kind == PROVES and placed in self.entries:
            path = path.removesuffix("1") + self.entries[placed]
        # Of a history the changes: what was read before, by every test of this process, would push them off its page.
        answer = reader.get(f"{path}?reads=no" if way.kind == "history" else path)
        if not way.given(self.truth, placed, self.role):
            allowed = (403,)
        elif way.kind == "history/file":
            allowed = (200,) if may_take(self.truth, self.role) else (403,)
        elif way.kind == "download":
            # The documents of the world have neither bytes nor a key that opens; a package is for who asked for it.
            allowed = (404,) if placed.record_type == "disclosure_package" else (200, 503)
        elif way.kind == PROVES:
            allowed = (200,) if placed in self.entries else (404,)
        else:
            allowed = besides.allowed(way.kind, self.truth, placed, self.role)
        if answer.status_int not in allowed:
            self.wrong(reader, placed, f"{path}: {answer.status_int} and not {allowed}")
        elif answer.status_int == 200 and way.kind in ("", "history", "sheet"):
            self.holds(reader, placed, path, answer, self.words_on(placed, way.kind == "history"))
        if way.kind == "history" and (lines := PROOF.findall(answer.text)):
            self.entries[placed] = lines[-1]

    def holds(self, reader: Reader, placed: Placed, asked: str, answer, own: set[str]) -> None:
        """Of the words `own` the answer shows those that the reader may see, and all of these."""
        want = self.wanted(own)
        if (got := words(answer) & own) != want:
            self.wrong(reader, placed, f"{asked}: {sorted(got)} and not {sorted(want)}")

    def words_on(self, placed: Placed, whole: bool) -> set[str]:
        """The words of a record that a page holds for who may see them all. The log has whole values: who sees the
        ending of a hash only has the record's page for it."""
        return {word for word, found in self.truth.words_of(placed).items() if not (whole and found.kind == ENDING)}

    def hidden(self, way: Way, placed: Placed, post: bool, reader: Reader) -> None:
        """The same answer as for a record that is not there, in every byte and in as many statements."""
        ask = reader.post if post else reader.get
        chain, path = self.truth.chain(placed), way.path(self.truth, placed)
        owned = len(chain) > 1 and self.truth.opens(chain[-2], self.role)
        twin = self.truth.path(chain[-2]) if owned else ""
        for one in chain[-1:] if owned else chain:
            twin += f"{PLACES[one.record_type][2]}/{absent(one.ref)}"
        answer = ask(path)
        want = 403 if self.truth.never(way.table, self.role) else 404
        if answer.status_int != want:
            self.wrong(reader, placed, f"{path}: {answer.status_int} and not {want}")
        self.alike(reader, placed, (way.address, post, owned), lambda: ask(path), lambda: ask(twin + way.tail), answer)

    def alike(self, reader: Reader, placed: Placed, key: tuple, ask, ask_twin, answer) -> None:
        """The answer is the one for what is not there. Once in a while a request notes that the session is in use: so
        both are asked up to three times more before they count as different."""
        got = face(answer, reader.took)
        if key not in self.twins:
            self.twins[key] = face(ask_twin(), reader.took)
        for _again in range(3):
            if got == self.twins[key]:
                return
            self.twins[key] = face(ask_twin(), reader.took)
            got = face(ask(), reader.took)
        for part, one, other in zip(("status", "headers", "page", "statements"), got, self.twins[key], strict=True):
            if one != other:
                told = f" ({one} and {other})" if part == "statements" else ""
                self.wrong(reader, placed, f"{key[0]}: {part} unlike those of an absent one{told}")

    def search(self, placed: Placed, go: bool, reader: Reader) -> None:
        """By reference for who sees it, by its words for who reads it; else nothing, as for what is not there."""
        sees = self.truth.sees(placed, self.role)
        self.found(reader, placed, placed.ref, sees, absent(placed.ref))
        if go and (status := reader.get(f"/go/{placed.ref}").status_int) != (
                303 if self.truth.opens(placed, self.role) else 404):
            self.wrong(reader, placed, f"/go/{placed.ref}: {status}")
        # Sealed notes are not searched.
        if placed.row not in ("prosecution.strategy", "compartment"):
            for word, one in self.truth.words_of(placed).items():
                if one.kind == SEARCHED.get(placed.record_type):
                    reads = "R" in self.truth.levels(placed, self.role)
                    self.found(reader, placed, word, reads, NO_WORD.replace(READ, one.kind))

    def found(self, reader: Reader, placed: Placed, asked: str, wanted: bool, nothing: str) -> None:
        """The search finds the record, or answers as for `nothing`, which no record has."""
        answer = reader.search(asked)
        got = {ref for ref in refs(answer) if f'/go/{ref}"' in answer.text or f"/go/{ref}?" in answer.text}
        if (placed.ref in got) != wanted or (asked == placed.ref and got - {placed.ref}):
            self.wrong(reader, placed, f"search for {asked}: {sorted(got)}")
        if not wanted:
            key = "search", kind_of(nothing) if "-" in nothing else nothing
            self.alike(reader, placed, key, lambda: reader.search(asked), lambda: reader.search(nothing), answer)

    @staticmethod
    def leaves(answer, media: str) -> bool:
        """Whether an answer is a file of this kind."""
        return (answer.status_int == 200 and answer.content_type == media
                and answer.headers.get("Content-Disposition", "").startswith("attachment"))

    def paper(self, paper: Paper, way: Way, placed: Placed, reader: Reader) -> None:
        """A paper holds what the reader may see of it, and all of that; who may not have it gets none."""
        path = way.path(self.truth, placed)
        answer = reader.post(path, list(paper.fields.items()))
        if not paper.given(way, self.truth, placed, self.role):
            if answer.status_int != 403:
                self.wrong(reader, placed, f"{path} made: {answer.status_int} and not 403")
        elif not self.leaves(answer, MEDIA["pdf"]):
            self.wrong(reader, placed, f"{path} made: {answer.status_int}")
        else:
            self.holds(reader, placed, path, answer, paper.own_words(self.truth, placed))
            missing = paper.refs(self.truth, placed, self.role) - set(REF.findall(contents(answer)))
            if missing:
                self.wrong(reader, placed, f"{path} does not name {sorted(missing)}")

    def export(self, form: str, placed: Placed, reader: Reader) -> None:
        """The history as a file: as much as the page, and no more; for who may take it nowhere."""
        path = f"{self.truth.path(placed)}/history/file"
        answer = reader.post(f"{path}?reads=no", [*PURPOSE.items(), ("form", form)])
        if not self.takes(placed):
            if answer.status_int != 403:
                self.wrong(reader, placed, f"{path} as {form}: {answer.status_int} and not 403")
        elif not self.leaves(answer, MEDIA[form]):
            self.wrong(reader, placed, f"{path} as {form}: {answer.status_int}")
        else:
            self.holds(reader, placed, path, answer, self.words_on(placed, True))

    def notices(self, reader: Reader) -> None:
        """What tells people that something is to be done or has happened: their tasks, and only those, on the first
        screen and in the list; alarms, the panels and the banner of emergency access on the first screen."""
        want = {task.ref for task in self.truth.tasks if self.truth.addressed(task, self.role)}
        for path in ("/tasks", "/"):
            page = reader.get(path)
            got = {ref for ref in refs(page) if kind_of(ref) == "T"}
            mine = want if path == "/" else {ref for ref in want if not self.truth.raised(self.truth.by_ref[ref])}
            if got != mine:
                reader.wrong(f"{path}: tasks {sorted(got ^ mine)}")
        for problem in first_screen.differences(page.text, self.truth, self.role):
            reader.wrong(f"/: {problem}")

    def lists_under(self, placed: Placed, tables: frozenset[str]) -> Iterator[Check]:
        for table in LISTS_OF.get(placed.record_type, ()):
            if table in tables and (records := self.truth.under[placed.id, table]):
                path = f"{self.truth.path(placed)}{PLACES[table][2]}"
                yield "list", partial(self.list, path, table, records, owner=placed)

    def list(self, path: str, table: str, records: list[Placed], reader: Reader, *, owner: Placed | None = None):
        """A list holds what the reader sees of it, on all its pages, and is not there where its owner is not."""
        status, got = reader.listed(path, kind_of(records[0].ref))
        want = 404 if owner and not self.truth.opens(owner, self.role) else 200
        if self.truth.never(table, self.role):
            want = 403
        seen = {p.ref for p in records if self.truth.sees(p, self.role)} if want == 200 else set()
        if (status, got) != (want, seen):
            self.wrong(reader, records[0],
                       f"{path}: {status} and not {want}, {sorted(got ^ seen)[:3]} of {len(seen)}")

    def wrong(self, reader: Reader, placed: Placed, what: str) -> None:
        reader.wrong(f"{what} ({placed.row}, {placed.record_type}, {sorted(placed.facts)})")
