"""What the public is asked: little, in plain words, and danger first (domain analysis 3.1, 9.1, 9.11)."""

from .fields import CodeNode, DateNode, GazetteerNode, LinesNode, Strict, TextNode
from .i18n import _
from .referral import web_addresses
from .rules import not_before


class Danger(Strict):
    """The first question of all."""

    immediate_danger = CodeNode("yes_no_unknown", title=_("Is a child in danger right now?"))


class PublicReport(Strict):
    """The report itself. Only what happened is needed."""

    immediate_danger = CodeNode("yes_no_unknown", title=_("Is a child in danger right now?"), hidden=True)
    ticket = TextNode(max=120, title="", hidden=True)
    narrative = TextNode(
        max=8000, min=10, multiline=True, rows=8, title=_("What happened?"),
        description=_(
            "Say who did what, and to whom, as far as you know. Do not describe images. Do not send files. "
            "Do not write your own name here."
        ),
    )
    urls = LinesNode(
        max=2000, max_lines=50, missing=None, validator=web_addresses, title=_("Where on the internet?"),
        description=_("Web addresses, one a line. Copy them; you do not have to open them again."),
    )
    platform = CodeNode("platforms", missing=None, title=_("In which application or on which site?"))
    occurred_from = DateNode(past=True, missing=None, title=_("When did it happen, or begin?"))
    occurred_to = DateNode(past=True, missing=None, title=_("When did it end?"))
    province = GazetteerNode(
        "province", missing=None, title=_("In which province?"),
        description=_("Why we ask: to find the office that can help."),
    )
    child_known = CodeNode("yes_no_unknown", missing=None, title=_("Do you know the child?"))
    safe_contact = TextNode(
        max=500, multiline=True, rows=3, missing=None, title=_("How can we reach you safely?"),
        description=_(
            "You do not have to say. If you do: a safe time, a safe way, and who else reads this telephone. "
            "Only the hotline sees it."
        ),
    )

    def validator(self, node, value):
        not_before("occurred_from", "occurred_to")(node, value)


class Return(Strict):
    """Back with the code word."""

    code_word = TextNode(
        max=60, title=_("Your code word"), width=20,
        description=_("Twelve letters and numbers, for example 7K3M-9QXW-2HDC. Capitals or small letters."),
    )


class Reply(Strict):
    """What a returning reporter adds."""

    code_word = TextNode(max=60, title="", hidden=True)
    ticket = TextNode(max=120, title="", hidden=True)
    answer = TextNode(
        max=8000, min=2, multiline=True, rows=6, title=_("Your answer"),
        description=_("Do not describe images. Do not send files. Do not write your own name here."),
    )
