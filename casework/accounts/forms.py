"""What only the pages of accounts ask; the rest is in `schemas.accounts`."""

from colander import Invalid

from casework.web.i18n import _
from schemas.fields import BooleanNode, CodeNode, DateNode, SecretNode, Strict, TextNode


class Password(Strict):
    """The password of somebody who has to set up a new second factor."""

    password = SecretNode(max=256, title=_("Password"), autocomplete="current-password")


class Role(Strict):
    """Another role at the same agency, or other flags."""

    role = CodeNode("roles", exclude=("SYS",), title=_("Role"))
    liaison = BooleanNode(title=_("May send through international channels"))
    chief = BooleanNode(title=_("Head of a prosecution office"))
    valid_until = DateNode(title=_("Until"), description=_("Leave empty for no end."), missing=None)

    def validator(self, node, value) -> None:
        if value["chief"] and value["role"] != "PRO":
            error = Invalid(node)
            error["chief"] = _("Only a prosecutor can head a prosecution office.")
            raise error


class Expiry(Strict):
    """When an account ends."""

    expires_on = DateNode(title=_("Account expires on"), description=_("Leave empty for no end."), missing=None)


class IdentityChecked(Strict):
    """A new second factor or password is given only to a person whose identity was proven as at the first time."""

    identity_checked = BooleanNode(
        title=_("I have checked this person's identity, face to face or by a call to the number in their file"),
        must=_("Check the person's identity first."),
    )


class ContactPoint(Strict):
    """What a deployment fills in about an agency."""

    contact_point = TextNode(
        max=300, multiline=True, title=_("Contact point"), missing=None,
        description=_("A role's telephone and mailbox, not a person's."),
    )
    quality_checked_at = DateNode(past=True, title=_("Quality checked on"), missing=None)
    active = BooleanNode(title=_("Works with casework"))
