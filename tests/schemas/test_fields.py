import colander
import pytest

from schemas.fields import (
    BooleanNode,
    CodeNode,
    GazetteerNode,
    IntegerNode,
    LinesNode,
    OptionNode,
    ReasonSchema,
    RefNode,
    SecretNode,
    Strict,
    TextNode,
    in_khmer,
    in_latin,
    reason_from,
)


def message(node, value):
    with pytest.raises(colander.Invalid) as caught:
        node.deserialize(value)
    return caught.value.messages()[0].interpolate()


def test_text_is_kept_as_typed():
    assert TextNode(max=10).deserialize(" ចាន់\u200bថា ") == "ចាន់\u200bថា"
    assert TextNode(multiline=True).deserialize("a\r\nb") == "a\nb"


def test_text_says_what_is_wrong():
    assert message(TextNode(max=3), "four") == "Write at most 3 characters."
    assert message(TextNode(min=3), "ab") == "Write at least 3 characters."
    assert "cannot be seen" in message(TextNode(), "two\nlines")
    assert "direction" in message(TextNode(), "abc\u202ecba")


def test_lines():
    node = LinesNode(max=5, max_lines=2)
    assert node.deserialize(" a \n\n b ") == node.deserialize(["a", "b"]) == ["a", "b"]
    assert node.serialize(["a", "b"]) == "a\nb"
    assert "2 lines" in message(node, "a\nb\nc")
    assert "5 characters a line" in message(node, "abcdef")


@pytest.mark.parametrize(("text", "number"), [("២៧", 27), (" 7 ", 7), ("0", 0), (12, 12), ("１２", 12)])
def test_integer(text, number):
    assert IntegerNode().deserialize(text) == number


@pytest.mark.parametrize("text", ["1.5", "1e3", "٣", "1000", "-1", True, 1.0, "0x1", "9" * 40])
def test_what_is_no_integer(text):
    with pytest.raises(colander.Invalid):
        IntegerNode().deserialize(text)


def test_a_box_is_ticked_or_not():
    assert BooleanNode().deserialize("true") is True
    assert BooleanNode().deserialize("false") is False
    assert BooleanNode().deserialize(colander.null) is False
    must = BooleanNode(must="Tick this.")
    for wrong in ("false", "yes", 1, colander.null):
        with pytest.raises(colander.Invalid):
            must.deserialize(wrong)


def test_codes(bindings):
    one = CodeNode("sex").bind(**bindings)
    assert one.deserialize("female") == "female"
    assert message(one, "Female") == "Choose one of the answers."
    several = CodeNode("conduct", multiple=True).bind(**bindings)
    assert several.deserialize(("grooming", "other", "grooming")) == ["grooming", "other"]
    assert message(several, ["grooming", "theft"]) == "Choose among the answers."
    assert message(several, "grooming") == "Choose among the answers."


def test_codes_left_out_are_neither_offered_nor_taken(bindings):
    node = CodeNode("yes_no_unknown", exclude=("unknown",)).bind(**bindings)
    assert node.choices == [("yes", "Yes"), ("no", "No")]
    assert message(node, "unknown") == "Choose one of the answers."


def test_places(bindings):
    node = GazetteerNode("district").bind(**bindings)
    assert node.deserialize("1202") == "1202"
    assert len(node.choices) == 210
    for wrong in ("12", "120201", "9999"):
        assert message(node, wrong) == "Choose a place of the list."


def test_only_options_of_this_person_are_taken(bindings):
    asked = []

    def options(source):
        asked.append(source)
        return [(7, "Seven (fictional)")]

    node = OptionNode("users:assignee").bind(**bindings | {"options": options})
    assert node.deserialize("7") == "7"
    assert message(node, "8") == "Choose one of the answers."
    assert set(asked) == {"users:assignee"}


def test_references():
    assert RefNode("C").deserialize(" c26-៤៨២៩១៣-k ") == "C26-482913-K"
    assert RefNode().deserialize("TN26-000001-A") == "TN26-000001-A"
    for wrong in ("R26-482913-K", "C26-48291-K", "C26-482913", "482913"):
        assert "C26-482913-K" in message(RefNode("C"), wrong)


def test_scripts():
    in_khmer(None, "សុខ")
    in_latin(None, "Sok-Chantha O'Neill")
    for validator, wrong in ((in_khmer, "Sok"), (in_khmer, "សុខ Sok"), (in_latin, "សុខ"), (in_latin, "123")):
        with pytest.raises(colander.Invalid):
            validator(TextNode(), wrong)


def test_secrets_stay_as_typed():
    assert SecretNode().deserialize(" a\u200bb ") == " a\u200bb "
    assert message(SecretNode(max=3), "four") == "Write at most 3 characters."


def test_a_reason_has_ten_characters(bindings):
    assert ReasonSchema().deserialize({"reason": "0123456789"})
    with pytest.raises(colander.Invalid):
        ReasonSchema().deserialize({"reason": "012345678 "})
    coded = reason_from("void_reason")().bind(**bindings)
    assert coded.deserialize({"reason": "0123456789", "reason_code": "duplicate"})
    with pytest.raises(colander.Invalid):
        coded.deserialize({"reason": "0123456789", "reason_code": "because"})


def test_an_unknown_field_is_refused_without_being_repeated():
    class Schema(Strict):
        text = TextNode()

    with pytest.raises(colander.Invalid) as caught:
        Schema().deserialize({"text": "x", "evil": "y"})
    assert "evil" not in str(caught.value.asdict())
