"""Known-hash lists: receiving one, ending one, and matching exhibits with them, both ways.

A new digest of an exhibit is looked up in every list that is in force; a new list is asked about every exhibit. A hit
says which list, which version and which label, so that nobody has to look at the thing again.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from casework.authz.scope import unscoped
from casework.db.base import now
from schemas.hashes import PERCEPTUAL

from .formats import read, recognise
from .models import HashHit, HashList
from .store import Count, ListFiles, Said, counted, sha256_of, write

FOUND = "hash_lists_in_force"  # of a session: the lists, asked for once, for many exhibits in one transaction
STRENGTH = ("sha256", "sha1", "md5", *PERCEPTUAL)
PURPOSES = ("material", "known_software")


class ListProblem(Exception):
    """The list cannot be taken in; the message says why. Nothing was kept."""


@dataclass(frozen=True)
class About:
    """What is told of a list when it is received."""

    name: str
    version: str
    owner: str
    purpose: str = "material"
    licence: str | None = None
    expires_on: dt.date | None = None
    format: str | None = None


def look_through(path: Path, kind: str | None = None) -> tuple[str, Count]:
    """A dry run: the format, and what the file holds."""
    kind, count = kind or recognise(path), Count()
    for _row in counted(read(path, kind), count):
        pass
    return kind, count


def receive(
    db: Session, folder: Path, path: Path, about: About, *, allow_wrong: bool = False
) -> tuple[HashList, Count]:
    """Take a list in: its files first, then its record. Raises ListProblem: an entry is wrong, there is none, or this
    version is there already."""
    if db.scalar(select(HashList.id).where(HashList.name == about.name, HashList.version == about.version)):
        raise ListProblem(f"{about.name} {about.version} is there already")
    kind, count, list_id = about.format or recognise(path), Count(), uuid.uuid4()
    place = folder / str(list_id)
    write(place, counted(read(path, kind), count))
    try:
        if count.wrong and not allow_wrong:
            raise ListProblem(f"{count.wrong} entries cannot be used")
        if not count.rows:
            raise ListProblem("no entry can be used")
        made = HashList(
            id=list_id, name=about.name, version=about.version, owner=about.owner, licence=about.licence,
            purpose=about.purpose, format=kind, received_on=now().date(), expires_on=about.expires_on,
            file_sha256=sha256_of(path), entries=count.rows)
        db.add(made)
        db.flush()
    except BaseException:
        _remove(place)
        raise
    return made, count


def _remove(place: Path) -> None:
    for one in place.iterdir():
        one.unlink()
    place.rmdir()


def in_force(db: Session) -> list[HashList]:
    """The lists to look in today."""
    query = select(HashList).where(
        HashList.ended_at.is_(None), or_(HashList.expires_on.is_(None), HashList.expires_on >= now().date()))
    return list(db.scalars(query.order_by(HashList.name, HashList.version)))


class Lists:
    """The lists of a data folder, opened when first asked and kept open. One for a process."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._open: dict[uuid.UUID, ListFiles] = {}

    def of(self, list_id: uuid.UUID) -> ListFiles:
        if list_id not in self._open:
            self._open[list_id] = ListFiles(self.folder / str(list_id))
        return self._open[list_id]

    def known(self, db: Session, digests: dict[str, str]) -> list[tuple[HashList, str, Said]]:
        """What the lists in force say of hash values by algorithm, the strongest of each list: the same bytes before
        what only looks alike."""
        found = []
        if FOUND not in db.info:
            db.info[FOUND] = in_force(db)
        for one in db.info[FOUND]:
            files = self.of(one.id)
            for algorithm in STRENGTH:
                look = files.similar if algorithm in PERCEPTUAL else files.find
                said = look(algorithm, digests[algorithm]) if algorithm in digests else None
                if said is not None:
                    found.append((one, algorithm, said))
                    break
        return found

    def close(self) -> None:
        for files in self._open.values():
            files.close()
        self._open.clear()


def match(db: Session, lists: Lists, item) -> list[HashHit]:
    """Note what the lists say of an exhibit's hash values (`hashes` of an evidence item). New hits only."""
    digests = {one["alg"]: one["value"] for one in item.hashes or ()}
    if not digests:
        return []
    known = lists.known(db, digests)
    if not known:
        return []
    with unscoped(db, "a hit is noted for whoever may see it, whoever saves the digest"):
        there = {tuple(row) for row in db.execute(
            select(HashHit.list_id, HashHit.algorithm).where(HashHit.item_id == item.id))}
    made = [
        HashHit(case_id=item.case_id, agency_id=item.agency_id, item_id=item.id, list_id=one.id, algorithm=algorithm,
                label=said.label, series=said.series, distance=said.distance)
        for one, algorithm, said in known if (one.id, algorithm) not in there
    ]
    db.add_all(made)
    return made
