"""One bag, changed in every way that somebody might: the verifier refuses each."""

import dataclasses
import io
import json
import stat
import zipfile
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from casework.exchange import importing
from casework.exchange.contents import LIST
from casework.verifier.casework_verify import Failed, Malformed, Trust, key_from
from tests.exchange import bags
from tests.exchange.bags import Files, relist, set_label
from tests.exchange.world import office_on
from tests.verifier import made as other

pytestmark = pytest.mark.one_engine


@dataclasses.dataclass
class Bag:
    """The bag, another one of the same log, and the log's key."""

    root: str
    data: bytes
    files: Files
    second: Files
    vkey: str


@pytest.fixture(scope="module")
def bag():
    with office_on("sqlite") as office:
        letter = office.keep(None, b"A letter (fictional).\n" * 30, "letter.txt")
        one, two = office.make(files=[letter]), office.make(classification="sealed")
        assert (one.state, two.state) == ("ready", "ready")
        data = office.bytes_of(one)
        root, files = bags.apart(data)
        yield Bag(root, data, files, bags.apart(office.bytes_of(two))[1], office.vkey)


def payload(files: Files) -> str:
    """The name of a document."""
    return next(name for name in files if name.endswith("/0001.age"))


def custody(files: Files) -> str:
    return next(name for name in files if name.endswith(".jsonl") and name.startswith("custody/"))


def flip(data: bytes, at: int = -3) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


def change(name_of: str | Callable[[Files], str], how: Callable[[bytes], bytes] = flip, *, care: bool = False):
    """A mutation that changes one file; with care, its manifests too."""

    def mutate(files: Files, bag: Bag) -> None:
        name = name_of(files) if callable(name_of) else name_of
        files[name] = how(files[name])
        if care:
            relist(files, payload=name.startswith("data/"))

    return mutate


def label(name: str, value: str | None):
    """A mutation of bag-info.txt, with care."""

    def mutate(files: Files, bag: Bag) -> None:
        set_label(files, name, value)
        relist(files)

    return mutate


def without(*names: str, care: bool = False):
    def mutate(files: Files, bag: Bag) -> None:
        for name in names:
            del files[name]
        if care:
            relist(files)

    return mutate


def add(name: str, care: bool = False):
    def mutate(files: Files, bag: Bag) -> None:
        files[name] = b"more\n"
        if care:
            relist(files, payload=name.startswith("data/"))

    return mutate


def renamed(files: Files, bag: Bag) -> None:
    name = payload(files)
    files[name.replace("0001", "0009")] = files.pop(name)


def swapped_manifests(files: Files, bag: Bag) -> None:
    one, two = "manifest-sha256.txt", "manifest-sha512.txt"
    files[one], files[two] = files[two], files[one]


def lost_line(files: Files, bag: Bag) -> None:
    for kind in bags.KINDS:
        name = f"manifest-{kind}.txt"
        files[name] = files[name].partition(b"\n")[2]
    relist(files)


def swapped_documents(files: Files, bag: Bag) -> None:
    one, two = sorted(name for name in files if name.startswith("data/"))[:2]
    files[one], files[two] = files[two], files[one]
    relist(files, payload=True)


def custody_told_anew(files: Files, bag: Bag) -> None:
    name = custody(files)
    files[name] = files[name].replace(b'"type":"seized"', b'"type":"acquired"').replace(b"2026-", b"2025-")
    relist(files)


def all_of_another(files: Files, bag: Bag) -> None:
    """Everything but the documents from another package: true proofs, of other documents."""
    for name, data in bag.second.items():
        if not name.startswith("data/"):
            files[name] = data


def entry_of_another(files: Files, bag: Bag) -> None:
    for name in [name for name in files if name.startswith("log/")]:
        files[name] = bag.second[name]
    relist(files)


def entry_of_another_act(files: Files, bag: Bag) -> None:
    """A true proof of another entry of the same checkpoint, under the name of the package's own."""
    entries = [json.loads(line) for line in files["log/custody.events.jsonl"].decode().splitlines()]
    chosen = entries[1]
    steps = "".join(f"{step}\n" for step in chosen.pop("path"))
    proof = f"c2sp.org/tlog-proof@v1\nindex {chosen.pop('index')}\n{steps}\n{entries[0]['checkpoint']}"
    files["log/package.entry.json"] = (other.canonical({**chosen, "proof": proof}) + "\n").encode()
    relist(files)


def entry_told_anew(files: Files, bag: Bag) -> None:
    """The package's entry names what the bag holds now: its commitment does not."""
    swapped_documents(files, bag)
    entry = json.loads(files["log/package.entry.json"])
    body = json.loads(entry["body"])
    body["manifest_sha256"] = other.sha256(files["manifest-sha256.txt"]).hex()
    files["log/package.entry.json"] = (other.canonical({**entry, "body": other.canonical(body)}) + "\n").encode()
    relist(files)


def other_log(files: Files, bag: Bag) -> None:
    """A log made by somebody else, with an entry that names this very bag."""
    told = {"manifest_sha256": other.sha256(files["manifest-sha256.txt"]).hex()}
    log = other.Log(5, **told)
    for name in [name for name in files if name.startswith("log/")]:
        del files[name]
    files["log/checkpoint"] = log.checkpoint().encode()
    files["log/package.entry.json"] = log.entry_file(4).encode()
    relist(files)


def other_checkpoint(files: Files, bag: Bag) -> None:
    files["log/checkpoint"] = bag.second["log/checkpoint"]
    relist(files)


def stripped(files: Files, bag: Bag) -> None:
    """Documents exchanged, and everything taken out that could tell: what is left agrees with itself."""
    swapped_documents(files, bag)
    set_label(files, "BagIt-Profile-Identifier", None)
    del files["log/package.entry.json"]
    relist(files)


MUTATIONS = {
    "a byte of a document": change(payload),
    "a document cut short": change(payload, lambda data: data[:-1]),
    "a document emptied": change(payload, lambda data: b""),
    "a document added to": change(payload, lambda data: data + b"\0"),
    "a document exchanged with care": change(payload, care=True),
    "two documents exchanged with care": swapped_documents,
    "a document renamed": renamed,
    "a document removed": lambda files, bag: files.pop(payload(files)) and None,
    "a document more": add("data/more.age"),
    "a document more, with care": add("data/more.age", care=True),
    "custody changed": change(custody),
    "custody told anew with care": custody_told_anew,
    "the graph changed": change("custody/case.jsonld"),
    "the graph changed with care": change("custody/case.jsonld", care=True),
    "the list of documents changed with care": change(
        "custody/documents.csv", lambda data: data.replace(b",1,0", b",1,3"), care=True),
    "the list of documents lost with care": without("custody/documents.csv", care=True),
    "the list of items changed with care": change("custody/index.csv", care=True),
    "the read-me changed with care": change("README.txt", care=True),
    "the verifier exchanged with care": change("casework_verify.py", care=True),
    "a tag file that is not listed": add("note.txt"),
    "a tag file more, with care": add("custody/more.jsonl", care=True),
    "a file more in log, with care": add("log/more.txt", care=True),
    "fetch.txt, with care": add("fetch.txt", care=True),
    "no checkpoint": without("log/checkpoint"),
    "no checkpoint, with care": without("log/checkpoint", care=True),
    "no bag-info": without("bag-info.txt"),
    "no graph, with care": without("custody/case.jsonld", care=True),
    "no entry, with care": without("log/package.entry.json", care=True),
    "no recipient": label("Casework-Recipient", None),
    "another recipient": label("Casework-Recipient", "Somebody else (fictional)"),
    "no such classification": label("Casework-Classification", "public"),
    "a milder classification": label("Casework-Classification", "confidential"),
    "no legal basis": label("Casework-Legal-Basis", ""),
    "another legal basis": label("Casework-Legal-Basis", "None at all, but it is said"),
    "no profile": label("BagIt-Profile-Identifier", None),
    "a later log": label("Casework-Log-Size", "999999"),
    "manifests swapped": swapped_manifests,
    "a line of the manifests lost": lost_line,
    "another version": change("bagit.txt", lambda data: data.replace(b"1.0", b"0.97"), care=True),
    "all but the documents of another package": all_of_another,
    "the proofs of another package": entry_of_another,
    "the proof of another entry": entry_of_another_act,
    "the entry told anew": entry_told_anew,
    "another log": other_log,
    "another checkpoint of the log": other_checkpoint,
    "everything taken out that could tell": stripped,
}


def written(bag: Bag, tmp_path, data: bytes, ending: str = "zip"):
    path = tmp_path / f"{bag.root}.{ending}"
    path.write_bytes(data)
    return path


def refused(path, bag: Bag) -> dict:
    """The report on a bag that is not what was given out. The import shows nothing of it either."""
    report = bags.verdict(path, bag.vkey)
    assert report["exit"] in (1, 2, 3), report
    assert report.get("problem") or report["lacking"]
    trust = Trust()
    trust.add_key(key_from(bag.vkey))
    found = importing.check(path, trust)
    assert found.code != 0
    assert (found.info, found.items, found.documents, found.custody, found.payload) == ({}, [], {}, {}, {})
    return report


def test_as_it_was_given_out_it_is_proved(bag, tmp_path):
    report = bags.verdict(written(bag, tmp_path, bag.data), bag.vkey)
    assert (report["exit"], report["checked"]["recorded"]) == (0, 1)
    again = written(bag, tmp_path, bags.together(bag.root, bag.files))
    assert bags.verdict(again, bag.vkey)["exit"] == 0
    assert bags.verdict(again)["exit"] == 3  # without a key nothing is proved


@pytest.mark.parametrize("name", MUTATIONS)
def test_changed_it_is_refused(bag, tmp_path, name):
    files = dict(bag.files)
    MUTATIONS[name](files, bag)
    assert files != bag.files
    refused(written(bag, tmp_path, bags.together(bag.root, files)), bag)


LISTS = {
    "fewer documents than it says": ("C,2,0\nE,0,0\n", Failed),
    "more documents than it says": ("C,0,0\nE,0,0\n", Failed),
    "a number without end": (f"C,{2**63 - 1},0\nE,0,0\n", Failed),
    "no number": ("C,one,0\nE,0,0\n", Malformed),
    "a record missing": ("C,1,0\n", Failed),
    "a record too many": ("C,1,0\nE,0,0\nF,0,0\n", Failed),
    "a record twice": ("C,1,0\nE,0,0\nE,0,0\n", Failed),
    "a row cut short": ("C,1\nE,0,0\n", Malformed),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_documents_that_does_not_fit_is_refused(name):
    """Signed or not: a sender may be wrong."""
    rows, problem = LISTS[name]

    def given(text: str) -> SimpleNamespace:
        sizes = {LIST: len(text), "data/C/documents.json.age": 1, "data/C/0001.age": 1, "data/E/item.json.age": 1}
        return SimpleNamespace(sizes=sizes, text=lambda _name: text)

    head = "record,documents,sealed_annexes_left_out\n"
    told = importing._listed(given(f"{head}C,1,3\nE,0,0\n"), ["C", "E"])
    assert told == {"C": {"documents": 1, "left_out": 3}, "E": {"documents": 0, "left_out": 0}}
    with pytest.raises(problem):
        importing._listed(given(head + rows), ["C", "E"])
    with pytest.raises(Malformed):
        importing._listed(given("item,documents\n"), ["C", "E"])
    assert importing._listed(SimpleNamespace(sizes={}), ["C", "E"]) == {}  # of a package made before there was one


def archive(bag: Bag, *more: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    """The archive with entries more."""
    made = io.BytesIO(bags.together(bag.root, bag.files))
    with zipfile.ZipFile(made, "a") as file:
        for name, data in more:
            file.writestr(name, data)
    return made.getvalue()


def link(bag: Bag) -> bytes:
    files = dict(bag.files)
    del files["README.txt"]
    info = zipfile.ZipInfo(f"{bag.root}/README.txt")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    made = io.BytesIO(bags.together(bag.root, files))
    with zipfile.ZipFile(made, "a") as file:
        file.writestr(info, "/etc/hostname")
    return made.getvalue()


ARCHIVES = {
    "two folders": lambda bag: archive(bag, ("other/README.txt", b"more\n")),
    "a file beside the folder": lambda bag: archive(bag, ("README.txt", b"more\n")),
    "a way out": lambda bag: archive(bag, (f"{bag.root}/../../way/out", b"more\n")),
    "an absolute name": lambda bag: archive(bag, ("/etc/more", b"more\n")),
    "a name twice": lambda bag: archive(bag, (f"{bag.root}/README.txt", b"more\n")),
    "a name in capitals": lambda bag: archive(bag, (f"{bag.root}/readme.txt", b"more\n")),
    "a link": link,
    "cut in half": lambda bag: bag.data[: len(bag.data) // 2],
    "the end cut off": lambda bag: bag.data[:-30],
    "nothing": lambda bag: b"",
}


@pytest.mark.parametrize("name", ARCHIVES)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_that_tricks_is_refused(bag, tmp_path, name):
    refused(written(bag, tmp_path, ARCHIVES[name](bag)), bag)


def test_flipped_anywhere_it_is_never_another_package_that_is_proved(bag, tmp_path):
    """What an archive says besides names and contents, such as times, proves nothing."""
    good = bags.apart(bag.data)[1]
    for at in range(0, len(bag.data), 397):
        path = written(bag, tmp_path, flip(bag.data, at))
        if bags.verdict(path, bag.vkey)["exit"] == 0:
            assert bags.apart(path.read_bytes())[1] == good
