"""What is wrong with an identifier, as a code and as a sentence."""

from .i18n import _

IDENTIFIER_MESSAGES = {
    "type": _("Choose one of the answers."),
    "empty": _("This must be filled in."),
    "email": _("This is no e-mail address, such as name@example.org."),
    "phone": _("A telephone number has digits only, such as 012 000 000 or +855 12 000 000."),
    "phone_country": _("Write the number with 0 or with the country in front, such as +855."),
    "phone_length": _("This telephone number is too long or too short."),
    "platform": _("Choose the platform, or write it in front: facebook:name."),
    "handle": _("An account name has no spaces."),
    "payment": _("Write the provider in front of the number: bank:000123456."),
    "url": _("This is no web address, such as https://example.org/page."),
    "url_scheme": _("Only addresses of web pages and files are taken, such as https://example.org/page."),
    "host": _("The name of the site in this address is not right."),
    "domain": _("This is no domain name, such as example.org."),
    "ip": _("This is no IP address, such as 203.0.113.7."),
    "imei": _("An IMEI has 14 to 16 digits."),
    "imei_check": _("The last digit of this IMEI does not fit the others. Check it for a slip."),
    "advertising_id": _("An advertising id has 32 letters and digits."),
    "md5": _("An MD5 value has 32 characters, 0-9 and a-f."),
    "sha1": _("A SHA-1 value has 40 characters, 0-9 and a-f."),
    "sha256": _("A SHA-256 value has 64 characters, 0-9 and a-f."),
    "pdq": _("A PDQ value has 64 characters, 0-9 and a-f."),
    "photodna": _("A PhotoDNA value has 144 bytes: 192 characters of base64, or 288 characters 0-9 and a-f."),
}


class BadIdentifier(ValueError):
    """A value that is no identifier of its type; `code` is a key of `IDENTIFIER_MESSAGES`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
