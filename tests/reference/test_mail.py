import pytest

from casework.reference.mail import load_provider_rules
from casework.reference.table import BadTable
from schemas.identifiers import canonical

HEAD = "domain,dots_ignored,tags_ignored\n"


def test_dots_and_tags_go_only_where_the_provider_ignores_them(table):
    rules = load_provider_rules(table(HEAD + "DotFree.example,yes,yes\ntagfree.example,no,yes\n"))
    forms = {
        "A.B.Test+x@DOTFREE.example": "abtest@dotfree.example",
        "a.b+x@tagfree.example": "a.b@tagfree.example",
        "a.b+x@other.example": "a.b+x@other.example",
    }
    for typed, form in forms.items():
        assert canonical("email", typed, provider_rules=rules) == form


@pytest.mark.parametrize(
    ("text", "says"), [("a.example,maybe,no\n", ":2: dots_ignored"), ("a.example,no,no\na.example,no,no\n", ":3: ")]
)
def test_a_wrong_line_is_named(table, text, says):
    with pytest.raises(BadTable, match=says):
        load_provider_rules(table(HEAD + text))
