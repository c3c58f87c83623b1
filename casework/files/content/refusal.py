"""Why a file is not taken: a code, what was found, and where in the file."""

from casework.web.i18n import _

WORDS = {
    "media": _("It holds a picture, a sound or a film (${what}). casework takes documents only: register the item, and "
               "keep the material itself where the procedure says."),
    "unknown": _("It is none of the kinds of document that are taken: PDF, text, CSV, JSON, XML, e-mail, "
                 "OpenDocument or Office documents, or a ZIP archive of these."),
    "damaged": _("It is not the document that its beginning says (${what})."),
    "locked": _("It is locked with a password, so that nobody can see what it holds. Save it without one."),
    "packed": _("Unpacked it would be too large, too deep or too many parts."),
    "large": _("It is too large: at most ${what}."),
    "empty": _("It is empty."),
    "virus": _("The virus scanner found ${what} in it."),
    "hash": _("What arrived is not what was sent: the hash value differs. Send it again."),
}


class NotTaken(Exception):
    """A file that is refused. `path` names the part of an archive, mail or document that it is about, if it is one."""

    def __init__(self, code: str, what: str = "", path: str = ""):
        super().__init__(f"{code} {what} {path}".strip())
        self.code, self.what, self.path = code, what, path

    def within(self, part: str) -> "NotTaken":
        """The same, found in a part of something larger."""
        return NotTaken(self.code, self.what, f"{part}/{self.path}" if self.path else part)

    @property
    def message(self):
        """For the person who sent it."""
        words = _(WORDS[self.code], mapping={"what": self.what})
        return words if not self.path else _("In ${part}: ${words}", mapping={"part": self.path, "words": words})
