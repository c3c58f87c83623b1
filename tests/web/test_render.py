"""Templates, the names they know, the layout and the static files."""

import gzip
import re
from datetime import UTC, datetime, timedelta

import pytest
from jinja2 import UndefinedError
from webtest import TestApp

from casework.web import i18n, render
from tests.web import small_app

TEMPLATES = sorted(i18n.ROOT.glob("casework/**/*.jinja2"))
INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|javascript:", re.IGNORECASE
)
TEMPLATE_PARTS = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)


def render_text(shell, text: str, who="en", **names) -> str:
    """`text` as a template, for a request of a signed-in person."""
    with small_app.request(shell, who) as request:
        return shell.registry["jinja2"].from_string(text).render(render.helpers(request) | names)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: "/".join(path.parts[-3:]))
class TestEveryTemplate:
    def test_compiles(self, path, shell):
        shell.registry["jinja2"].parse(path.read_text(encoding="utf-8"))

    def test_has_nothing_inline(self, path):
        assert INLINE.findall(TEMPLATE_PARTS.sub("x", path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "text",
    ["<script>x</script>", "<b style='x'>", '<a onclick="x()">', "<style>b {}</style>", "<a href='javascript:x'>"],
)
def test_the_walk_sees_what_is_inline(text):
    assert INLINE.search(text)


class TestNames:
    def test_unknown_name_is_an_error(self, shell):
        with pytest.raises(UndefinedError):
            render_text(shell, "{{ nobody }}")

    def test_text_is_escaped(self, shell):
        assert render_text(shell, "{{ x }}", x="<b>") == "&lt;b&gt;"
        assert render_text(shell, "{{ _('Add another: ${title}', title=x) }}", x="<b>") == "Add another: &lt;b&gt;"

    def test_words_in_khmer(self, shell):
        assert render_text(shell, "{{ _('Save') }}", who="km") == "រក្សាទុក"

    def test_words_in_macros_imported_without_context(self, shell):
        macros = shell.registry["jinja2"].from_string("{% macro m() %}{{ _('Save') }}{% endmacro %}")
        with small_app.request(shell, "km"):
            assert macros.module.m() == "រក្សាទុក"

    def test_codes(self, shell):
        assert render_text(shell, "{{ code_label('sex', 'f') }}", who="km") == "f of sex in km"
        assert render_text(shell, "{{ code_label('sex', none) }}") == ""

    def test_permission(self, shell):
        assert render_text(shell, "{{ can('yes') }} {{ can('no') }}").lower() == "true false"

    def test_clock(self, shell):
        at = datetime(2025, 3, 27, tzinfo=UTC)
        assert render_text(shell, "{{ fmt_clock(due, at) }}", due=at + timedelta(hours=2), at=at) == "2 h 0 min left"


class TestMacros:
    @pytest.mark.parametrize(
        ("hours", "mark"), [(-1, "cw-clock--overdue"), (3, "cw-clock--soon"), (100, 'cw-clock">')]
    )
    def test_clock_says_what_is_urgent(self, shell, hours, mark):
        at = datetime(2025, 3, 27, tzinfo=UTC)
        assert mark in render_text(shell, "{{ ui.clock(due, at) }}", due=at + timedelta(hours=hours), at=at)

    def test_state_of_a_check_is_a_word(self, shell):
        text = render_text(shell, "{{ ui.checklist([{'label': 'A', 'state': 'red'}]) }}")
        assert "Missing" in text

    def test_table_scrolls_by_itself_and_names_its_rows(self, shell):
        text = render_text(shell, "{{ ui.table(['A', {'label': 'B', 'number': true}], [['x', 1]], 'Things') }}")
        assert 'role="region" aria-label="Things" tabindex="0"' in text
        assert '<th scope="row">x</th>' in text
        assert '<td class="cw-number">1</td>' in text

    def test_empty_table_says_so(self, shell):
        assert "Nothing to show." in render_text(shell, "{{ ui.table(['A'], [], 'Things') }}")

    def test_value_that_is_not_recorded_says_so(self, shell):
        assert "Not recorded" in render_text(shell, "{{ ui.summary_list([{'key': 'A', 'value': none}]) }}")
        assert "Not recorded" not in render_text(shell, "{{ ui.summary_list([{'key': 'A', 'value': 0}]) }}")

    def test_act_by_button_carries_the_token(self, shell):
        assert 'name="csrf_token"' in render_text(shell, "{{ ui.post_button('Take', '/x', {'row': 1}) }}")

    def test_comparison_marks_only_what_differs(self, shell):
        rows = [{"label": "A", "old": "1", "new": "2"}, {"label": "B", "old": "3", "new": "3"}]
        text = render_text(shell, "{{ ui.compare(rows, 'Before', 'After') }}", rows=rows)
        assert text.count("cw-compare__new") == 1


class TestLayout:
    def test_signed_in(self, web):
        page = web.get("/styleguide")
        assert page.html.find("input", id="cw-search")["name"] == "q"
        assert "Sok Dara (fictional)" in page.text
        for action in ("/sign-out", "/language/km"):
            form = page.html.find("form", action=action)
            assert form["method"] == "post"
            assert form.find("input", {"name": "csrf_token"})["value"]

    def test_signed_out(self, web):
        web.reset()
        page = web.get("/sign-in")
        assert page.html.find("input", id="cw-search") is None
        assert page.html.find("form", action="/sign-out") is None
        assert page.html.find("a", href="/sign-in") is not None
        assert not page.html.body.has_attr("data-idle-seconds")

    def test_first_link_skips_to_the_content(self, web):
        page = web.get("/sign-in")
        first = page.html.body.find("a")
        assert first["href"] == "#main"
        assert page.html.find(id="main").name == "main"


class TestStatic:
    def path(self, web, name="casework.css"):
        return re.search(rf'"(/static/[0-9a-f]{{8}}/{name})"', web.get("/sign-in").text)[1]

    def test_kept_for_a_year_under_its_digest(self, web):
        answer = web.get(self.path(web))
        assert answer.content_type == "text/css"
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"

    def test_not_kept_under_another(self, web):
        answer = web.get(re.sub(r"/[0-9a-f]{8}/", "/00000000/", self.path(web)))
        assert answer.headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize("name", ["fonts/LICENSE", "nothing.css", "../render.py", "..%2frender.py", "fonts"])
    def test_nothing_else_is_served(self, web, name):
        web.get(self.path(web).replace("casework.css", name), status=404)

    def test_font(self, web):
        path = self.path(web).replace("casework.css", "fonts/noto-sans-khmer-khmer-400-normal.woff2")
        assert web.get(path).content_type == "font/woff2"

    def test_the_pages_name_their_icon(self, web):
        answer = web.get(self.path(web, "favicon.svg"))
        assert answer.content_type == "image/svg+xml"
        assert "<script" not in answer.text

    def test_digest_changes_with_any_file(self, tmp_path):
        (tmp_path / "a.css").write_text("a")
        before = render.static_digest(tmp_path)
        (tmp_path / "b.js").write_text("b")
        assert render.static_digest(tmp_path) != before

    def test_small_enough(self):
        css = (render.STATIC / "casework.css").read_bytes()
        assert len(gzip.compress(css)) <= 15 * 1024

    def test_the_scripts_of_every_page_are_small_and_others_come_when_they_are_needed(self):
        sizes = {path.name: path.stat().st_size for path in render.STATIC.glob("*.js")}
        everywhere, found = set(), {"casework.js"}
        while found - everywhere:
            everywhere |= found
            texts = [(render.STATIC / name).read_text(encoding="utf-8") for name in everywhere]
            found |= {name for text in texts for name in re.findall(r"^import .*'\./([\w.-]+)'$", text, re.MULTILINE)}
        assert {"forms.js", "session.js"} <= everywhere
        assert sum(sizes[name] for name in everywhere) <= 20 * 1024
        assert max(sizes[name] for name in sizes.keys() - everywhere) <= 8 * 1024

    def test_unbranded(self):
        css = (render.STATIC / "casework.css").read_text(encoding="utf-8").lower()
        assert not re.search(r"gds transport|crown|gov\.uk", css)

    def test_scripts_make_no_markup_from_text(self):
        for path in render.STATIC.glob("*.js"):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)


def test_component_page_is_for_development_only():
    config = small_app.configurator(**{"casework.development": "false"})
    TestApp(config.make_wsgi_app()).get("/styleguide", status=404)
