"""Forms from schemas: every widget clean and failed, what ties hint and error to it, and what is refused."""

import datetime as dt

import colander
import deform
import pytest
from bs4 import BeautifulSoup

from casework.web import forms
from tests.web import small_app

HIDDEN = {"_charset_", "__formid__", "csrf_token"}


def node(typ, **attributes):
    return colander.SchemaNode(typ, **{"title": "Field", **attributes})


class Pair(colander.Schema):
    street = node(colander.String(), title="Street", description="As written on the door")
    kind = node(colander.String(), title="Kind", code_list="short", missing=None)


class Pairs(colander.SequenceSchema):
    pair = Pair(title="Pair")


class Names(colander.SequenceSchema):
    name = node(colander.String(), title="Name")


class Reasons(colander.SequenceSchema):
    reason = node(colander.String(), title="Reason", code_list="short")


KINDS = {
    "text": (node(colander.String()), {"field": "a word"}, "a word"),
    "long": (node(colander.String(), long=True), {"field": "two\nlines"}, "two\nlines"),
    "number": (node(colander.Integer()), {"field": "១២"}, 12),
    "secret": (node(colander.String(), secret=True), {"field": " as typed "}, " as typed "),
    "radios": (node(colander.String(), code_list="short"), {"field": "c1"}, "c1"),
    "select": (node(colander.String(), code_list="long"), {"field": "c8"}, "c8"),
    "answers": (node(colander.String(), choices=[("y", "Yes"), ("n", "No")]), {"field": "n"}, "n"),
    "checkboxes": (node(colander.Set(), code_list="short"), ["c0", "c2"], {"c0", "c2"}),
    "codes": (Reasons(title="Field"), ["c0", "c2"], ["c0", "c2"]),
    "date": (node(colander.Date()), {"day": "២៧", "month": "3", "year": "2025"}, dt.date(2025, 3, 27)),
    "partial": (node(colander.String(), partial=True), {"day": "", "month": "3", "year": "2019"}, "2019-03"),
    "moment": (
        node(colander.DateTime()), {"day": "27", "month": "3", "year": "2025", "time": "14:05"},
        dt.datetime(2025, 3, 27, 7, 5, tzinfo=dt.UTC),
    ),
    "group": (Pair(title="Field"), {"street": "st", "kind": ""}, {"street": "st", "kind": None}),
}


def schema_of(field) -> colander.SchemaNode:
    schema = colander.Schema()
    copy = field.clone()
    copy.name = "field"
    schema.add(copy)
    return schema


def pairs(value) -> list[tuple[str, str]]:
    """What a browser sends for the field named `field`."""
    if isinstance(value, list):
        return [("__start__", "field:sequence"), *[("checkbox", one) for one in value], ("__end__", "field:sequence")]
    if set(value) == {"field"}:
        return list(value.items())
    return [("__start__", "field:mapping"), *value.items(), ("__end__", "field:mapping")]


def soup(markup) -> BeautifulSoup:
    return BeautifulSoup(str(markup), "html.parser")


@pytest.fixture
def made(shell):
    """Makes a form and keeps its request for as long as the test runs."""
    with small_app.request(shell) as request:
        yield lambda schema, **options: forms.make_form(request, schema, **options)


@pytest.mark.parametrize("kind", KINDS)
class TestEveryWidget:
    def test_takes_what_a_browser_sends(self, made, kind):
        field, sent, expected = KINDS[kind]
        assert made(schema_of(field)).validate(pairs(sent)) == {"field": expected}

    def test_shows_what_it_is_given(self, made, kind):
        field, _sent, value = KINDS[kind]
        html = soup(made(schema_of(field), values={"field": value}).render())
        shown = [tag["value"] for tag in html.select("input[type=text], [checked], [selected]") if tag["value"]]
        shown += [tag.text.strip() for tag in html.select("textarea")]
        if kind == "secret":
            assert shown == []
        elif kind in ("checkboxes", "codes"):
            assert shown == ["c0", "c2"]
        elif kind == "moment":
            assert shown == ["27", "3", "2025", "14:05"]
        elif kind == "partial":
            assert shown == ["3", "2019"]
        elif kind == "date":
            assert shown == ["27", "3", "2025"]
        else:
            assert shown == [str(value["street"] if kind == "group" else value)]

    def test_missing_value_fails_with_a_link_to_the_control(self, made, kind):
        field, _sent, _value = KINDS[kind]
        if kind == "codes":
            field = field.clone()
            field.validator = colander.Length(min=1)
        with pytest.raises(deform.ValidationFailure) as failed:
            made(schema_of(field)).validate([])
        html = soup(failed.value.render())
        summary = html.select_one(".govuk-error-summary")
        assert summary["tabindex"] == "-1"
        links = summary.select("a")
        assert links
        for link in links:
            target = html.find(id=link["href"][1:])
            assert target.name in ("input", "select", "textarea")

    def test_hint_and_error_are_tied_to_the_control(self, made, kind):
        field, _sent, _value = KINDS[kind]
        field = field.clone()
        field.description = "What to write"
        if kind == "codes":
            field.validator = colander.Length(min=1)
        with pytest.raises(deform.ValidationFailure) as failed:
            made(schema_of(field)).validate([])
        html = soup(failed.value.render())
        described = html.select("[aria-describedby]")
        assert described
        for tag in described:
            for name in tag["aria-describedby"].split():
                assert html.find(id=name).text.strip()
        assert html.select('[aria-invalid="true"]')

    def test_every_control_has_a_label_and_a_name_of_its_own(self, made, kind):
        field, _sent, _value = KINDS[kind]
        html = soup(made(schema_of(field)).render())
        ids = [tag["id"] for tag in html.select("[id]")]
        assert len(ids) == len(set(ids))
        for control in html.select("input:not([type=hidden]), select, textarea"):
            assert html.select_one(f'label[for="{control["id"]}"]').text.strip()

    def test_what_is_not_of_its_shape_is_refused_and_shown_again(self, made, kind):
        field, _sent, _value = KINDS[kind]
        shapes = [
            [("field", "x\u202ey")] if kind in ("text", "long") else [("field", "?")],
            [("__start__", "field:sequence"), ("x", "y"), ("__end__", "field:sequence")],
            [("__start__", "field:mapping"), ("x", "y"), ("__end__", "field:mapping")],
            [("__start__", "field:sequence"), ("__start__", "a:mapping"), ("__end__", "a:mapping"),
             ("__end__", "field:sequence")],
        ]
        for shape in shapes[1 if kind == "secret" else 0:]:
            with pytest.raises(deform.ValidationFailure) as failed:
                made(schema_of(field)).validate(shape)
            assert soup(failed.value.render()).select(".govuk-error-summary li")


class TestHiddenControls:
    def test_token_version_and_draft_are_sent_along(self, made):
        html = soup(made(schema_of(node(colander.String())), version=3, draft_key="d-1").render())
        sent = {tag["name"]: tag.get("value") for tag in html.select("input[type=hidden]")}
        assert set(sent) == HIDDEN | {"version", "draft"}
        assert sent["version"] == "3"
        assert sent["draft"] == "d-1"
        assert sent["csrf_token"]

    def test_and_left_out_of_the_values(self, made):
        form = made(schema_of(node(colander.String())), buttons=("save", ("later", "Later")))
        own = [("_charset_", ""), ("__formid__", "form"), ("csrf_token", "x"), ("version", "1"), ("draft", "d"),
               ("later", "later")]
        assert form.validate([*own, ("field", "a")]) == {"field": "a"}

    def test_inside_a_group_they_are_no_controls(self, made):
        inside = [("__start__", "field:mapping"), ("street", "a"), ("version", "1"), ("__end__", "field:mapping")]
        with pytest.raises(deform.ValidationFailure):
            made(schema_of(Pair(title="Field"))).validate(inside)

    def test_a_field_of_that_name_is_a_mistake(self, made):
        schema = colander.Schema()
        schema.add(node(colander.String(), name="version"))
        with pytest.raises(ValueError, match="version"):
            made(schema)

    def test_browser_does_not_judge(self, made):
        assert soup(made(schema_of(node(colander.String()))).render()).form.has_attr("novalidate")

    def test_nothing_of_deforms_own_look(self, made):
        html = str(made(schema_of(Pairs(title="Field"))).render())
        for word in ("<script", "style=", "onclick", "deform:static", "form-control"):
            assert word not in html


class TestRefusals:
    @pytest.mark.parametrize("schema", [colander.Schema(), colander.Schema(typ=colander.Mapping(unknown="raise"))])
    def test_unknown_field(self, made, schema):
        schema = schema.clone()
        schema.add(node(colander.String(), name="field"))
        with pytest.raises(deform.ValidationFailure) as failed:
            made(schema).validate([("field", "a"), ("role", "ADM")])
        assert "a field that it does not have" in failed.value.render()
        assert "ADM" not in failed.value.render()

    def test_unknown_field_in_a_group(self, made):
        sent = [("__start__", "field:mapping"), ("street", "a"), ("role", "ADM"), ("__end__", "field:mapping")]
        with pytest.raises(deform.ValidationFailure):
            made(schema_of(Pair(title="Field"))).validate(sent)

    @pytest.mark.parametrize("sent", [[("__end__", "x")], [("__start__", "x:mapping")], [("__start__", "x:y")]])
    def test_broken_structure(self, made, sent):
        with pytest.raises(deform.ValidationFailure) as failed:
            made(schema_of(node(colander.String()))).validate(sent)
        assert failed.value.render()

    def test_uploaded_file_in_place_of_text(self, made):
        with pytest.raises(deform.ValidationFailure):
            made(schema_of(node(colander.String()))).validate([("field", object())])

    @pytest.mark.parametrize(
        ("text", "said"),
        [("a\u202eb", "direction"), ("a\u0000b", "cannot be seen"), ("a\nb", "cannot be seen"), ("\ud800", "broken")],
    )
    def test_text_that_reads_other_than_it_is(self, made, text, said):
        with pytest.raises(deform.ValidationFailure) as failed:
            made(schema_of(node(colander.String()))).validate([("field", text)])
        assert said in failed.value.render()

    def test_khmer_words_may_be_parted(self, made):
        text = "សុខ\u200bចាន់"
        assert made(schema_of(node(colander.String()))).validate([("field", text)]) == {"field": text}

    @pytest.mark.parametrize("code", ["zz", "c9", ""])
    def test_code_that_is_not_in_the_list(self, made, code):
        with pytest.raises(deform.ValidationFailure):
            made(schema_of(node(colander.String(), code_list="short"))).validate([("field", code)])

    @pytest.mark.parametrize(
        ("day", "month", "year"),
        [("31", "2", "2025"), ("1", "", "2025"), ("1", "1", "25"), ("a", "1", "2025"), ("1", "13", "2025"),
         ("", "1", "2025"), ("1", "1", ""), ("-1", "1", "2025"), ("1", "1", "20²5"), ("0", "0", "0000")],
    )
    def test_date_that_is_none_is_shown_as_typed(self, made, day, month, year):
        form = made(schema_of(node(colander.Date())))
        with pytest.raises(deform.ValidationFailure) as failed:
            form.validate(pairs({"day": day, "month": month, "year": year}))
        html = soup(failed.value.render())
        assert [tag["value"] for tag in html.select("input[type=text]")] == [day, month, year]

    @pytest.mark.parametrize(("day", "month", "year"), [("1", "", "2019"), ("", "13", "2019"), ("", "2", "")])
    def test_partial_date_that_is_none(self, made, day, month, year):
        with pytest.raises(deform.ValidationFailure):
            made(schema_of(node(colander.String(), partial=True))).validate(
                pairs({"day": day, "month": month, "year": year})
            )

    @pytest.mark.parametrize("time", ["", "24:00", "14:60", "noon", "1405:", "14:5"])
    def test_time_that_is_none(self, made, time):
        with pytest.raises(deform.ValidationFailure):
            made(schema_of(node(colander.DateTime()))).validate(
                pairs({"day": "1", "month": "1", "year": "2025", "time": time})
            )

    @pytest.mark.parametrize("time", ["14:05", "1405", "14.05", "១៤:០៥", "14h05"])
    def test_time_as_people_write_it(self, made, time):
        found = made(schema_of(node(colander.DateTime()))).validate(
            pairs({"day": "1", "month": "1", "year": "2025", "time": time})
        )
        assert found["field"] == dt.datetime(2025, 1, 1, 7, 5, tzinfo=dt.UTC)


class TestItems:
    def sent(self, *streets):
        items = [
            pair for street in streets
            for pair in (("__start__", "pair:mapping"), ("street", street), ("__end__", "pair:mapping"))
        ]
        return [("__start__", "field:sequence"), *items, ("__end__", "field:sequence")]

    def test_each_item_is_judged_and_linked(self, made):
        with pytest.raises(deform.ValidationFailure) as failed:
            made(schema_of(Pairs(title="Field"))).validate(self.sent("a", "", ""))
        html = soup(failed.value.render())
        links = [link["href"][1:] for link in html.select(".govuk-error-summary a")]
        assert len(set(links)) == 2
        assert all(html.find(id=name)["name"] == "street" for name in links)

    def test_blank_item_waits_in_a_template(self, made):
        html = soup(made(schema_of(Pairs(title="Field"))).render())
        assert html.template.find("input", {"name": "street"})
        assert "Add another: Pair" in html.text

    def test_radios_of_two_items_are_two_groups(self, made):
        form = made(schema_of(Pairs(title="Field")), values={"field": [{"street": "a"}, {"street": "b"}]})
        html = soup(form.render())
        html.template.decompose()
        names = {tag["name"] for tag in html.select("input[type=radio]")}
        assert len(names) == 2

    def test_items_of_one_field(self, made):
        sent = [("__start__", "field:sequence"), ("name", "a"), ("name", "b"), ("__end__", "field:sequence")]
        assert made(schema_of(Names(title="Field"))).validate(sent) == {"field": ["a", "b"]}


class TestBinding:
    def test_nothing_leaks_from_one_form_to_the_next(self, made):
        schema = schema_of(node(colander.String(), code_list="short"))
        made(schema)
        assert schema["field"].widget is None
        assert schema["field"].missing_msg is colander.SchemaNode.missing_msg

    def test_schema_gets_request_codes_and_locale(self, shell):
        @colander.deferred
        def title(_node, bound):
            return f"{bound['locale']} {bound['codes'].label('a', 'b', 'c')} {bound['request'].method}"

        with small_app.request(shell, "km") as request:
            form = forms.make_form(request, schema_of(node(colander.String(), title=title)))
            assert form["field"].title == "km b of a in c GET"

    def test_two_forms_of_one_page_share_no_id(self, made):
        schema = schema_of(Pairs(title="Field"))
        html = soup(made(schema, form_id="one").render() + made(schema, form_id="two").render())
        ids = [tag["id"] for tag in html.select("[id]")]
        assert len(ids) == len(set(ids))

    def test_optional_is_said(self, made):
        html = soup(made(schema_of(node(colander.String(), missing=None))).render())
        assert "(optional)" in html.label.text
        assert "(optional)" not in soup(made(schema_of(node(colander.String()))).render()).label.text

    def test_optional_radios_can_be_taken_back(self, made):
        schema = schema_of(node(colander.String(), code_list="short", missing=None))
        assert soup(made(schema).render()).select('input[type=radio][value=""]')
        assert made(schema).validate([("field", "")]) == {"field": None}

    def test_all_in_khmer(self, shell):
        with small_app.request(shell, "km") as request:
            form = forms.make_form(request, schema_of(node(colander.String(), validator=colander.Length(max=2))))
            with pytest.raises(deform.ValidationFailure) as failed:
                form.validate([("field", "abc")])
            text = failed.value.render()
        assert "វែងជាងប្រវែងអតិបរមា 2" in text
        assert "រក្សាទុក" in text


class TestHandle:
    def call(self, shell, post=None, on_valid=lambda data: data, **options):
        method = "GET" if post is None else "POST"
        with small_app.request(shell, method=method, post=post) as request:
            form = forms.make_form(request, schema_of(KINDS["text"][0]))
            return forms.handle(request, form, on_valid, **options), request

    def test_get_shows_the_values(self, shell):
        shown, request = self.call(shell, values={"field": "stored", "unknown": 1})
        assert 'value="stored"' in shown["form"]
        assert request.response.status_int == 200

    def test_get_shows_the_draft_before_the_values(self, shell):
        shown, _request = self.call(shell, values={"field": "stored"}, typed=[("field", "drafted"), ("version", "1")])
        assert 'value="drafted"' in shown["form"]

    def test_valid_post_goes_on(self, shell):
        assert self.call(shell, [("field", "a")])[0] == {"field": "a"}

    def test_failed_post_is_422_and_keeps_nothing(self, shell):
        doomed = []
        with small_app.request(shell, method="POST", post=[("field", "")]) as request:
            request.tm = type("Manager", (), {"doom": lambda self: doomed.append(True)})()
            form = forms.make_form(request, schema_of(KINDS["text"][0]))
            shown = forms.handle(request, form, lambda data: data)
        assert "There is a problem" in shown["form"]
        assert request.response.status_int == 422
        assert doomed == [True]

    def test_what_only_the_service_knows_is_shown_the_same_way(self, shell):
        def refuse(_data):
            error = colander.Invalid(form_schema)
            error.add(colander.Invalid(form_schema["field"], "Taken already"), 0)
            raise error

        form_schema = schema_of(KINDS["text"][0])
        shown, request = self.call(shell, [("field", "a")], refuse)
        html = soup(shown["form"])
        assert request.response.status_int == 422
        assert html.select_one(".govuk-error-summary a").text == "Field: Taken already"
        assert html.select_one("input[name=field]")["value"] == "a"

    def test_typed_values_are_in_words(self, made):
        schema = schema_of(node(colander.String(), code_list="short"))
        schema.add(node(colander.Date(), name="seen", title="Seen"))
        schema.add(node(colander.String(), name="code", title="Code", secret=True))
        sent = [("field", "c1"), ("__start__", "seen:mapping"), ("day", "1"), ("month", "2"), ("year", "2025"),
                ("__end__", "seen:mapping"), ("code", "hush")]
        assert [item["text"] for item in made(schema).typed_values(sent)] == ["short 1 en", "1/2/2025", ""]

    def test_escapes_what_was_typed(self, shell):
        shown, _request = self.call(shell, [("field", "<b>"), ("zzz", "<i>")])
        assert "<b>" not in shown["form"]
        assert "<i>" not in shown["form"]
