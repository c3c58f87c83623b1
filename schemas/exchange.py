"""What is asked before evidence is given to others as a package, and when its receipt comes."""

import re

from colander import Invalid

from .fields import CodeNode, DateNode, LinesNode, OptionNode, Strict, TextNode
from .i18n import _

# A name, and behind it the public key of age: 52 characters of Bech32 and six that check them.
RECIPIENT = re.compile(r"(?P<name>\S.{0,98}\S)[\s:,;]+(?P<key>age1[02-9ac-hj-np-z]{58})")
MOST_RECIPIENTS = 10


def recipient_of(line: str) -> tuple[str, str] | None:
    """Name and key of a line, or None when it is no such line."""
    found = RECIPIENT.fullmatch(line.strip())
    return (found["name"].rstrip(" :,;"), found["key"]) if found else None


def _recipients(node, lines: list[str]) -> None:
    found = [recipient_of(line) for line in lines]
    if None in found:
        raise Invalid(node, _("Write in line ${number} a name and behind it a public key that begins with age1.",
                              mapping={"number": found.index(None) + 1}))
    if len({key for _name, key in found}) != len(found):
        raise Invalid(node, _("One key stands there twice."))


class Package(Strict):
    """What for, for whom, which items, which documents of the case. All of it is written on the package and into the
    log."""

    purpose = CodeNode("handout_purpose", title=_("Purpose"))
    explanation = TextNode(
        max=300, min=10, multiline=True, title=_("What it is for"),
        description=_("For example the number of the court's request. The auditor reads it: no name of a child."),
    )
    legal_basis = TextNode(max=300, min=10, title=_("Legal basis"),
                           description=_("The article, order or request that it is given under."))
    classification = CodeNode("package_class", title=_("Classification"))
    recipients = LinesNode(
        max=200, max_lines=MOST_RECIPIENTS, validator=_recipients, title=_("Recipients"),
        description=_("One a line: the name, and behind it the public key of age. Compare the key by telephone: "
                      "whoever has its other half opens the documents."),
    )
    items = OptionNode("items:disclosable", multiple=True, title=_("Evidence items"))
    files = OptionNode(
        "files:disclosable", multiple=True, missing=(), title=_("Documents of the case"),
        description=_("Those of the case itself, besides the documents of the items. Sealed annexes are not among "
                      "them, and a redacted version stands in the place of its original."))


class CheckPackage(Strict):
    """Whose signatures count when a package of another agency is checked."""

    keys = LinesNode(
        max=300, max_lines=20, missing=None, title=_("The sender's log"),
        description=_("Its key, or the lines of its policy. Ask for them by another way than the package, and compare "
                      "the fingerprint. Empty: the log of this installation."),
    )


class Receipt(Strict):
    """The recipient's word that the package came."""

    received_on = DateNode(past=True, title=_("Received on"))
    receipt = TextNode(max=300, min=10, multiline=True, title=_("Receipt"),
                       description=_("Who confirmed it, by which letter, and the manifest hash that they read."))
