"""Languages, dates, clocks and catalogues."""

import datetime as dt
import gettext
import os
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from casework.web import i18n
from tests.web import small_app

UTC = dt.UTC
PO = "msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=utf-8\\n\"\n\nmsgid \"Save\"\nmsgstr \"{}\"\n"


def said(compiled: Path) -> str:
    with compiled.open("rb") as file:
        return gettext.GNUTranslations(file).gettext("Save")


def lang(response) -> str:
    return response.html.html["lang"]


class TestNegotiation:
    def test_cookie_wins(self, web):
        web.set_cookie("cw_lang", "km")
        assert lang(web.get("/sign-in", headers={"Accept-Language": "en"})) == "km"

    def test_unknown_cookie_does_not_count(self, web):
        web.set_cookie("cw_lang", "xx")
        assert lang(web.get("/sign-in")) == "en"

    def test_then_the_person(self, web):
        web.set_cookie("who", "km")
        assert lang(web.get("/sign-in", headers={"Accept-Language": "en"})) == "km"

    @pytest.mark.parametrize(
        ("header", "expected"),
        [("km", "km"), ("fr, km-KH;q=0.8, en;q=0.5", "km"), ("en-US,km;q=0.1", "en"), ("fr", "en"), (";;;", "en")],
    )
    def test_then_the_browser(self, web, header, expected):
        web.reset()
        assert lang(web.get("/sign-in", headers={"Accept-Language": header})) == expected

    def test_otherwise_english(self, web):
        web.reset()
        assert lang(web.get("/sign-in")) == "en"


class TestSwitch:
    def test_goes_back_in_the_other_language(self, web):
        page = web.get("/styleguide")
        form = next(form for form in page.forms.values() if form.action == "/language/km")
        answer = form.submit()
        assert answer.status_int == 303
        assert lang(answer.follow()) == "km"

    def test_unknown_language_is_not_found(self, web):
        web.post("/language/xx", {"back": "/"}, status=404)

    def test_only_by_post(self, web):
        web.get("/language/km", status=404)

    @pytest.mark.parametrize(
        "back",
        ["//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
         "/\n/evil.example", "javascript:alert(1)", "evil", ""],
    )
    def test_never_leads_to_another_site(self, back):
        assert i18n.same_site_path(back) == "/"

    @pytest.mark.parametrize("back", ["/", "/cases?state=open", "/cases/C26-482913-K#tasks", "/search?q=ចាន់"])
    def test_leads_to_any_path_here(self, back):
        assert i18n.same_site_path(back) == back


class TestDates:
    def test_day_first(self):
        assert i18n.format_date(dt.date(2025, 3, 7), "km") == "07/03/2025"

    @pytest.mark.parametrize(
        ("stored", "shown"), [("2025-03-07", "07/03/2025"), ("2019-03", "03/2019"), ("2019", "2019"), (None, "")]
    )
    def test_stored_as_text_and_partial(self, stored, shown):
        assert i18n.format_date(stored) == shown

    def test_a_moment_has_the_date_of_phnom_penh(self):
        assert i18n.format_date(dt.datetime(2025, 3, 7, 18, tzinfo=UTC)) == "08/03/2025"

    def test_long(self):
        day = dt.date(2025, 3, 27)
        assert i18n.format_long_date(day, "en") == "27 March 2025"
        assert i18n.format_long_date(day, "km") == "27 មីនា 2025"

    def test_time_of_phnom_penh(self):
        assert i18n.format_datetime(dt.datetime(2025, 3, 7, 18, 5, tzinfo=UTC)) == "08/03/2025 01:05"

    def test_time_without_zone_is_refused(self):
        with pytest.raises(ValueError, match="zone"):
            i18n.format_datetime(dt.datetime(2025, 3, 7))


@pytest.mark.parametrize(
    ("delta", "said"),
    [
        (dt.timedelta(minutes=20), "20 min left"),
        (dt.timedelta(0), "0 min left"),
        (dt.timedelta(hours=3, minutes=20), "3 h 20 min left"),
        (dt.timedelta(days=1, hours=3), "1 d 3 h left"),
        (dt.timedelta(days=5, hours=3), "5 d left"),
        (-dt.timedelta(seconds=1), "overdue 0 min"),
        (-dt.timedelta(hours=3, minutes=20), "overdue 3 h 20 min"),
        (-dt.timedelta(days=1, hours=2), "overdue 1 d 2 h"),
        (-dt.timedelta(days=2), "overdue 2 d"),
    ],
)
def test_clock(delta, said):
    assert i18n.format_clock(delta).interpolate() == said


class TestCatalogues:
    @pytest.fixture
    def tree(self, tmp_path: Path) -> Path:
        folder = tmp_path / "casework" / "somewhere" / "locale" / "km" / "LC_MESSAGES"
        folder.mkdir(parents=True)
        (folder / "casework.po").write_text(PO.format("រក្សាទុក"), encoding="utf-8")
        return tmp_path

    def test_compiled_once_and_again_when_older(self, tree):
        i18n.compile_catalogs(tree)
        compiled = next(tree.rglob("*.mo"))
        first = compiled.stat().st_ino
        i18n.compile_catalogs(tree)
        assert compiled.stat().st_ino == first
        next(tree.rglob("*.po")).write_text(PO.format("ទុក"), encoding="utf-8")
        os.utime(compiled, (0, 0))
        i18n.compile_catalogs(tree)
        assert said(compiled) == "ទុក"

    def test_where_it_may_not_write_it_compiles_for_this_run(self, tree, monkeypatch, caplog):
        own = i18n.write_catalogue

        def refuse(source, target):
            if target.is_relative_to(tree):
                raise PermissionError(13, "Permission denied")
            own(source, target)

        monkeypatch.setattr(i18n, "write_catalogue", refuse)
        folder = next(found for found in i18n.compile_catalogs(tree) if not found.is_relative_to(tree))
        assert said(folder / "km/LC_MESSAGES/casework.mo") == "រក្សាទុក"
        assert "somewhere" in caplog.text

    def test_the_words_of_the_libraries_are_khmer_too(self, shell):
        with small_app.request(shell, "km") as request:
            assert request.localizer.translate("Required", domain="colander") == "ត្រូវតែបំពេញ"
            assert request.localizer.translate("Remove", domain="deform") == "ដកចេញ"

    @pytest.mark.parametrize("domain", ["deform", "colander"])
    def test_nothing_of_the_libraries_is_left_out(self, domain):
        library = __import__(domain)
        template = Path(library.__file__).parent / "locale" / f"{domain}.pot"
        with template.open("rb") as file:
            wanted = {message.id for message in read_po(file) if message.id}
        own = i18n.ROOT / "casework/web/locale/km/LC_MESSAGES" / f"{domain}.po"
        with own.open("rb") as file:
            given = {message.id for message in read_po(file) if message.id and message.string}
        assert wanted - given == set()
