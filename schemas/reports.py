"""A tool's report that becomes exhibits: what its columns mean, and what is common to all of them."""

from .evidence import MADE, _clock, _why_later
from .fields import (
    BooleanNode,
    CodeNode,
    DateTimeNode,
    GazetteerNode,
    LinesNode,
    OptionNode,
    Strict,
    TextNode,
)
from .i18n import _
from .rules import needed_when, rules

THINGS = ("physical", "document", "statement", "forensic_image")  # kinds that no report lists
CATEGORIES = 30


class ReportItems(Strict):
    """The page adds, in front, a field for each meaning a column may have."""

    description = TextNode(
        max=300, min=3, title=_("Description"),
        description=_("Of every item; the number of its line follows. Never what an image shows."),
    )
    tool = TextNode(max=80, min=2, title=_("Tool and version"))
    kind = CodeNode("evidence_kind", exclude=THINGS, title=_("Kind"))
    parent = OptionNode("items:parent", missing=None, title=_("Made from or found in"))
    seized_at = DateTimeNode(past=True, title=_("Seized or received"))
    clock = _clock()
    why_later = _why_later()
    province = GazetteerNode("province", title=_("Province"))
    place = TextNode(max=200, missing=None, title=_("Place"))
    authority_type = CodeNode("authority_type", title=_("Legal authority"))
    authority_document = TextNode(max=120, missing=None, title=_("Reference of the document"))
    restricted_material = CodeNode(
        "restricted_material", title=_("Restricted material on it?"),
        description=_("Restricted material stays in the vault and never comes here."),
    )
    vault_ref = TextNode(max=80, missing=None, title=_("Vault reference"), width=20)
    categories = LinesNode(
        max=120, max_lines=CATEGORIES, missing=None, title=_("What the categories of the report mean"),
        description=_("One line each: category = label. A category without a label gives none. Items with a label of "
                      "restricted material need the vault reference."),
    )
    leave_out = BooleanNode(title=_("Leave out the lines that are wrong"))

    def validator(self, node, value):
        rules(
            needed_when("vault_ref", lambda v: v["restricted_material"] == "yes"),
            needed_when("authority_document", lambda v: v["authority_type"] in ("warrant", "order", "foreign_answer")),
            needed_when("parent", lambda v: v["kind"] in MADE, _("Say which item it was made from.")),
        )(node, value)
