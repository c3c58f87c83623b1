"""Signing in, accounts and agencies."""

import re

from colander import Invalid

from .case import in_future
from .fields import (
    BooleanNode,
    CodeNode,
    DateNode,
    GazetteerNode,
    OptionNode,
    SecretNode,
    Strict,
    TextNode,
    in_khmer,
    in_latin,
)
from .i18n import _
from .rules import at, not_before, rules

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 256
LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,60}(?:@[a-z0-9.-]{3,60})?")
AGENCY_CODE = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)?")


def _lower(value):
    return value.lower() if isinstance(value, str) else value


class SignIn(Strict):
    login = TextNode(max=120, preparer=_lower, autocomplete="username", title=_("User name"))
    password = SecretNode(max=LONGEST_PASSWORD, autocomplete="current-password", title=_("Password"))


class Totp(Strict):
    """The second factor. In which digits and with what between them it is typed is no matter."""

    code = TextNode(
        max=60, autocomplete="one-time-code", inputmode="numeric", width=10, title=_("Six-digit code"),
        description=_("Your authenticator shows it."),
    )


class RecoveryCode(Strict):
    code = TextNode(
        max=80, autocomplete="off", width=20, title=_("Recovery code"),
        description=_("One of the ten that you keep on paper."),
    )


class NewPassword(Strict):
    """Length counts; what is common is refused. `words` of the binding may not make up the password."""

    password = SecretNode(
        min=SHORTEST_PASSWORD, max=LONGEST_PASSWORD, autocomplete="new-password", title=_("New password"),
        description=_("At least 12 characters. Several words are easy to remember."),
    )
    again = SecretNode(max=LONGEST_PASSWORD, autocomplete="new-password", title=_("The same again"))

    def validator(self, node, value):
        if value["password"] != value["again"]:
            raise at(node, "again", _("The two passwords differ."))
        if len(set(value["password"])) < 5:
            raise at(node, "password", _("This repeats a few characters only."))


class ChangePassword(NewPassword):
    current = SecretNode(
        max=LONGEST_PASSWORD, autocomplete="current-password", insert_before="password", title=_("Current password")
    )


def login_written(node, value):
    """Validator: small Latin letters, digits, dot, hyphen; an e-mail address is allowed."""
    if not LOGIN.fullmatch(value):
        raise Invalid(node, _("Use small Latin letters, digits, dots and hyphens only."))


class Membership(Strict):
    """One role at one agency."""

    agency = OptionNode("agencies:any", title=_("Agency"))
    role = CodeNode("roles", exclude=("SYS",), title=_("Role"))
    liaison = BooleanNode(title=_("May send through international channels"))
    chief = BooleanNode(title=_("Head of a prosecution office"))
    valid_from = DateNode(title=_("From"))
    valid_until = DateNode(missing=None, title=_("Until"))

    def validator(self, node, value):
        rules(not_before("valid_from", "valid_until"), _flags_fit_the_role)(node, value)


def _flags_fit_the_role(node, value):
    if value["chief"] and value["role"] != "PRO":
        raise at(node, "chief", _("Only a prosecutor can head a prosecution office."))


class Invite(Membership):
    """A new account, which a second person approves."""

    name = TextNode(max=120, validator=in_latin, insert_before="agency", title=_("Name in Latin letters"))
    name_km = TextNode(
        max=120, validator=in_khmer, missing=None, insert_before="agency", title=_("Name in Khmer")
    )
    login = TextNode(
        max=120, preparer=_lower, validator=login_written, insert_before="agency", title=_("User name"), width=20
    )
    expires_on = DateNode(validator=in_future, missing=None, title=_("Account expires on"))


class Locale(Strict):
    locale = TextNode(max=2, choices=[("km", _("Khmer")), ("en", _("English"))], title=_("Language"))

    def validator(self, node, value):
        if value["locale"] not in ("km", "en"):
            raise at(node, "locale", _("Choose one of the answers."))


class Agency(Strict):
    """An agency or one of its offices."""

    code = TextNode(max=40, title=_("Code"), width=20, description=_("Small letters and digits, such as pros.12."))
    name_en = TextNode(max=160, validator=in_latin, title=_("Name in English"))
    name_km = TextNode(max=160, validator=in_khmer, title=_("Name in Khmer"))
    abbreviation = TextNode(max=40, missing=None, title=_("Short name"), width=20)
    type = CodeNode("agency_types", title=_("Kind"))
    parent = OptionNode("agencies:any", missing=None, title=_("Part of"))
    national = BooleanNode(title=_("Works in the whole country"))
    jurisdiction = GazetteerNode("province", missing=None, title=_("Province"))
    contact_point = TextNode(
        max=300, multiline=True, missing=None, title=_("Contact point"),
        description=_("A role's telephone and mailbox, not a person's."),
    )
    quality_checked_at = DateNode(past=True, missing=None, title=_("Quality checked on"))
    valid_from = DateNode(missing=None, title=_("From"))
    valid_to = DateNode(missing=None, title=_("Until"))

    def validator(self, node, value):
        rules(not_before("valid_from", "valid_to"), _code_written, _one_jurisdiction)(node, value)


def _code_written(node, value):
    if not AGENCY_CODE.fullmatch(value["code"]):
        raise at(node, "code", _("Use small letters, digits and at most one dot."))


def _one_jurisdiction(node, value):
    if value["national"] == bool(value.get("jurisdiction")):
        raise at(node, "jurisdiction", _("Choose a province, or the whole country."))
