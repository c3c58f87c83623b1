"""History of a record: filters, two moments, the list as a file, the proof of a line; each only as one may see it."""

import csv
import io
import json
import re
import subprocess
import sys
import zipfile

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from casework.audit import signer
from casework.audit.models import AuditEntry
from casework.audit.sequencer import Sequencer
from casework.cases.models import Case
from casework.db.base import now
from casework.verifier import casework_verify
from casework.web import pdf
from casework.web.sheet import safe_cell
from tests.oversight.conftest import TODAY
from tests.support import scene

PLAN = "First the bank, then the school"
KHMER = "ដំបូងធនាគារបន្ទាប់មកសាលារៀន"


@pytest.fixture
def made(app, database):
    """The scene, in which the case got a plan, which was then changed."""
    found = scene.build(database)
    inv = found.who("inv")
    for plan, title in ((PLAN, "Lotus"), ("=1+1 " + KHMER, "Reed")):
        with database.work(identity=inv) as db:
            case = db.get_one(Case, found.case.id)
            case.plan, case.title = plan, title
    with database.work(identity=inv) as db:
        db.get_one(Case, found.case.id).submitted_at = now()
    return found


def entries(database, **wanted) -> list:
    with database.work(readonly=True, unscoped=1) as db:
        query = select(AuditEntry).order_by(AuditEntry.seq)
        for name, value in wanted.items():
            query = query.where(getattr(AuditEntry, name) == value)
        return [(entry, json.loads(entry.body)) for entry in db.scalars(query)]


def numbers(page) -> list[int]:
    return [int(item["id"][1:]) for item in page.html.select("li.cw-timeline__item")]


def file_form(client, path, kind):
    form = client.get(path).forms["form"]
    form["form"], form["purpose"] = kind, "court"
    form["explanation"] = "Request 12/2026 of the court (fictional)"
    return form


def test_a_line_says_from_where_and_by_which_rule_in_words(app, made):
    client = made.browser(app, "inv")
    client.get(f"/cases/{made.case.ref}")
    path = f"/cases/{made.case.ref}/history"
    own = client.get(path).text
    assert "Case, core: write (assigned to it)" in own
    assert "Agency ahtjpd (fictional)" in own
    assert "192.0.2.1" not in own, "the network address is for who watches"
    assert re.search(r"session [0-9a-f]{8}", own)
    watched = made.browser(app, "psu").get(path).text
    assert "192.0.2.1" in watched
    made.browser(app, "pro").get(f"/cases/{made.case.ref}")
    pro = [line for line in made.browser(app, "psu").get(f"{path}?reads=only").html.select("li.cw-timeline__item")
           if made.people["pro"].name in line.text]
    assert pro
    assert "192.0.2.1" not in pro[0].text, "and only of the own people"


def test_looking_at_a_history_is_in_the_log(app, database, made):
    made.browser(app, "inv").get(f"/cases/{made.case.ref}/history")
    told = [body for _entry, body in entries(database, verb="view", record_id=made.case.id)]
    assert told[-1]["part"] == "history"
    assert told[-1]["rule"].startswith("case.core INV")


def test_filters_narrow_the_history(app, made):
    client = made.browser(app, "inv")
    path = f"/cases/{made.case.ref}/history"
    every = numbers(client.get(path))
    updates = numbers(client.get(f"{path}?verb=update"))
    assert updates
    assert set(updates) < set(every)
    by_field = numbers(client.get(f"{path}?field=plan&reads=no"))
    assert len(by_field) == 2
    mine = numbers(client.get(f"{path}?person={made.people['inv'].user_id}&reads=no"))
    psus = numbers(client.get(f"{path}?person={made.people['psu'].user_id}&reads=no"))
    assert mine
    assert psus
    assert not set(mine) & set(psus)
    assert numbers(client.get(f"{path}?since=2020-01-01&until=2020-01-02")) == []
    assert set(numbers(client.get(f"{path}?reads=only"))).isdisjoint(numbers(client.get(f"{path}?reads=no")))
    for nonsense in ("?person=x&since=y&before=z", "?field=no_such&verb=%22", "?reads=maybe"):
        assert client.get(path + nonsense).status_int == 200


def test_a_filter_by_a_hidden_field_tells_nothing(app, made):
    """The plan is not for the prosecutor: asking for its changes narrows nothing."""
    client = made.browser(app, "pro")
    path = f"/cases/{made.case.ref}/history"
    assert 'value="plan"' not in client.get(path).text
    assert len(numbers(client.get(f"{path}?field=plan&reads=no"))) == len(numbers(client.get(f"{path}?reads=no")))


def test_two_moments_side_by_side(app, made):
    client = made.browser(app, "inv")
    path = f"/cases/{made.case.ref}/history"
    newer, older = numbers(client.get(f"{path}?field=plan&reads=no"))
    page = client.get(f"{path}/compare?a={newer}&b={older}")
    row = next(tr for tr in page.html.select("tr") if PLAN in tr.text)
    cells = [cell.get_text(" ", strip=True) for cell in row.select("td")]
    assert cells[0] == PLAN, "the older moment stands first, however they were chosen"
    assert KHMER in cells[1]
    same = next(tr for tr in page.html.select("tr") if "Province" in tr.text)
    assert not same.select(".cw-compare__new")
    by_day = client.get(f"{path}/compare?from=2020-01-01&to={TODAY}")
    assert KHMER in by_day.text
    assert PLAN not in by_day.text
    assert "Choose two lines" in client.get(f"{path}/compare?a=1").text
    assert "Choose two lines" in client.get(f"{path}/compare?from=x&to=y").text


def test_two_moments_hide_what_one_may_not_see(app, made):
    inv = made.browser(app, "inv")
    path = f"/cases/{made.case.ref}/history"
    newer, older = numbers(inv.get(f"{path}?field=plan&reads=no"))
    page = made.browser(app, "pro").get(f"{path}/compare?a={newer}&b={older}").text
    assert PLAN not in page
    assert KHMER not in page
    assert "Not shown to you" in page
    made.browser(app, "inv2").get(f"{path}/compare?a={newer}&b={older}", status=404)


def test_the_list_leaves_as_csv_with_its_purpose(app, database, made):
    client = made.browser(app, "inv")
    form = file_form(client, f"/cases/{made.case.ref}/history/file?reads=no", "csv")
    answer = form.submit("save")
    assert answer.content_type == "text/csv"
    rows = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"))))
    head = dict(row for row in rows if len(row) == 2)
    assert made.people["inv"].name in head["Made by"]
    assert head["Purpose"].endswith("Request 12/2026 of the court (fictional)")
    assert head["Complete"] == "Yes"
    start = next(index for index, row in enumerate(rows) if row[:1] == ["Number"])
    known = {entry.seq: entry.hash.hex() for entry, _body in entries(database)}
    assert len(rows) > start + 3
    for row in rows[start + 1:]:
        assert known[int(row[0])] == row[-1]
    entry, body = entries(database, verb="export", record_id=made.case.id)[-1]
    assert body["purpose"] == "court"
    assert body["entries"] == len(rows) - start - 1
    assert entry.actor_id == made.people["inv"].user_id


def test_the_list_leaves_as_pdf(app, database, made):
    client = made.browser(app, "inv")
    answer = file_form(client, f"/cases/{made.case.ref}/history/file?reads=no", "pdf").submit("save")
    assert answer.content_type == "application/pdf"
    assert "attachment" in answer.headers["Content-Disposition"]
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.body)).pages)
    flat = "".join(text.split())
    assert made.case.ref in flat
    assert "Request12/2026ofthecourt(fictional)" in flat
    _entry, body = entries(database, verb="print", record_id=made.case.id)[-1]
    hashes = [known.hash.hex() for known, _body in entries(database, record_id=made.case.id, verb="update")]
    assert all(one in flat for one in hashes)
    assert body["form"] == "pdf"


def test_the_list_leaves_with_what_proves_it(app, database, made, tmp_path):
    path = f"/cases/{made.case.ref}/history/file?reads=no"
    waiting = file_form(made.browser(app, "inv"), path, "package").submit("save", status=422)
    assert "not in the signed log yet" in waiting.text
    key = signer.create(app.registry["settings"].log_key, "casework.example/log-1")
    Sequencer(database.engine, key).catch_up()
    answer = file_form(made.browser(app, "inv"), path, "package").submit("save")
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        archive.extractall(tmp_path / "given")
    given = tmp_path / "given"
    assert PLAN not in (given / "entries.events.jsonl").read_text(), "what an entry says is not in its proof"
    rows = list(csv.reader(io.StringIO((given / "list.csv").read_bytes().decode("utf-8-sig"))))
    listed = {row[-1] for row in rows if row and len(row[-1]) == 64}
    proved = {json.loads(line)["entry"]["hash"]
              for line in (given / "entries.events.jsonl").read_text().splitlines()[1:]}
    assert listed == proved
    told = (given / "key.txt").read_text().splitlines()[0]
    command = [sys.executable, "-I", str(given / "casework_verify.py"), "events",
               str(given / "entries.events.jsonl"), "--key", told]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    lines = (given / "entries.events.jsonl").read_text()
    (given / "entries.events.jsonl").write_text(lines.replace(next(iter(listed)), "0" * 64))
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1


def test_no_list_without_a_purpose_or_without_the_right(app, database, made):
    client = made.browser(app, "inv")
    form = client.get(f"/cases/{made.case.ref}/history/file").forms["form"]
    form["form"], form["explanation"] = "csv", "short"
    form.submit("save", status=422)
    assert entries(database, verb="export") == []
    # A prosecutor takes versions of the file out, a social worker one record with consent: no list of a case.
    pro = made.browser(app, "pro")
    assert "history/file" not in pro.get(f"/cases/{made.case.ref}/history").text
    pro.get(f"/cases/{made.case.ref}/history/file", status=403)
    made.browser(app, "inv2").get(f"/cases/{made.case.ref}/history/file", status=404)


def test_the_list_holds_no_value_that_its_maker_may_not_see(app, made):
    sw = made.browser(app, "sw")
    answer = file_form(sw, f"/cases/{made.case.ref}/history/file", "csv").submit("save")
    assert PLAN not in answer.body.decode()
    assert "Not shown to you" in answer.body.decode()


def test_the_proof_of_a_line(app, database, made, tmp_path):
    client = made.browser(app, "inv")
    path = f"/cases/{made.case.ref}/history"
    seq = numbers(client.get(f"{path}?field=plan"))[0]
    assert "waits for its place" in client.get(f"{path}/proof/{seq}").text
    key = signer.create(tmp_path / "log.key", "casework.example/log-test")
    Sequencer(database.engine, key).catch_up()
    answer = client.get(f"{path}/proof/{seq}")
    assert answer.content_type == "application/json"
    found = json.loads(answer.body)
    known = {entry.seq: entry.hash.hex() for entry, _body in entries(database)}
    assert found["entry"]["hash"] == known[seq]
    assert PLAN not in answer.text
    assert found["body"] is found["salt"] is None
    kept = tmp_path / "proof.json"
    kept.write_bytes(answer.body)
    assert casework_verify.main(["proof", str(kept), "--key", key.key.text]) == 0
    kept.write_bytes(answer.body.replace(found["entry"]["hash"].encode(), b"0" * 64))
    assert casework_verify.main(["proof", str(kept), "--key", key.key.text]) != 0
    assert entries(database, verb="prove", record_id=made.case.id)
    # Nobody gets the proof of an entry about another record, or of one that the history does not show.
    other = entries(database, verb="receive")[0][0].seq
    client.get(f"{path}/proof/{other}", status=404)
    made.browser(app, "psu").get(f"/cases/{made.case.ref}")
    unseen = entries(database, verb="view", actor_id=made.people["psu"].user_id)[-1][0].seq
    client.get(f"{path}/proof/{unseen}", status=404)
    client.get(f"{path}/proof/x", status=404)


@pytest.mark.parametrize("bad", ["=1+1", " @SUM(A1)", "-2", "+3", "\t=1", "＝1", "|cmd", "\u200b=1"])
def test_a_cell_is_never_a_formula(bad):
    assert safe_cell(bad).startswith("'")


@pytest.mark.parametrize("good", ["Case", "2026-01-01", "ករណី", "", "a=b"])
def test_other_cells_stay_as_they_are(good):
    assert safe_cell(good) == good


@pytest.mark.parametrize("url", [
    "http://192.0.2.1/x.png", "file:///etc/passwd", "casework-static:../pdf.py", "casework-static:fonts/../casework.js",
    "casework-static:casework.js", "casework-static:fonts/nothing.woff2", "data:text/css,x", "casework-static:",
])
def test_a_pdf_fetches_nothing_but_our_own_files(url):
    with pytest.raises(pdf.Refused):
        pdf.own_file(url)


def test_a_pdf_has_our_fonts_and_loses_no_khmer():
    long = "ព្រះរាជាណាចក្រកម្ពុជាជាតិសាសនាព្រះមហាក្សត្រ" * 8
    page = ('<!doctype html><html lang="km"><head><link rel="stylesheet" href="casework-static:print.css"></head>'
            f'<body><p>Khmer {long}</p></body></html>')
    reader = PdfReader(io.BytesIO(pdf.pdf_from(page)))
    fonts = {str(font["/BaseFont"]) for font in reader.pages[0]["/Resources"]["/Font"].get_object().values()
             for font in [font.get_object()]}
    assert all("Noto-Sans" in font or "NotoSans" in font for font in fonts), fonts
    assert "\u200b" in pdf.breakable(f"<p>{long}</p>")
    assert "\u200b" not in pdf.breakable(f'<p title="{long}">x</p>'), "only text is broken, never a tag"
