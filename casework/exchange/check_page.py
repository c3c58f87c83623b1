"""The page that looks at a package of another agency: all of it is checked before anything of it is shown. Nothing is
kept, and what is encrypted stays closed: the private key is not brought here (`casework bag open`)."""

import datetime as dt
import io
from typing import Any

import colander

from casework.audit.paper import public_key
from casework.files.forms import FileType, FileWidget
from casework.verifier import casework_verify as verifier
from casework.verifier.casework_verify import Malformed, Trust
from casework.web.forms import handle, make_form
from casework.web.i18n import _
from casework.web.uploads import FIELD
from schemas.exchange import CheckPackage

from .importing import Found, check

RESULTS = {verifier.PROVED: "success", verifier.FALSE: "error", verifier.UNREADABLE: "error"}


def page(request) -> Any:
    """The form; the answer is the verdict, and what is in the package when it is proved."""
    limit = request.registry["files"].limit
    schema = CheckPackage()
    schema.children.insert(0, colander.SchemaNode(
        FileType(), name=FIELD, title=_("Package"), widget=FileWidget(accept=".zip"), missing_msg=_("Choose a file."),
        description=_("A ZIP archive of at most ${limit} MiB. Larger ones: casework bag check.",
                      mapping={"limit": limit >> 20}),
    ))
    form = make_form(request, schema, buttons=(("save", _("Check it")),), action=request.path)

    def on_valid(data: dict) -> dict:
        if data[FIELD].size > limit:
            raise _at(form.schema, FIELD, _("The file is too large for this page."))
        found = check(str(data[FIELD]), _trust(request, form.schema, data["keys"]),
                      io.BytesIO(b"".join(data[FIELD].pieces())))
        request.audit("check_package", code=found.code, manifest_sha256=found.manifest_sha256 or None,
                      package=found.info.get("external-identifier"))
        return {"form": None, **_told(request, found)}

    shown = handle(request, form, on_valid)
    return {"title": _("Check a disclosure package"), "found": None, **shown} if isinstance(shown, dict) else shown


def _trust(request, schema: colander.SchemaNode, lines: list[str] | None) -> Trust:
    """Whose signatures count: the keys typed, or a policy; without them those of this installation's own log."""
    try:
        if lines and lines[0].split()[0] in ("log", "witness"):
            return verifier.trust_from("\n".join(lines) + "\n")
        trust = Trust()
        for line in lines or ():
            trust.add_key(verifier.key_from(line))
    except Malformed as problem:
        raise _at(schema, "keys", problem.sentence.read(request.locale_name)) from None
    if lines:
        return trust
    policy, own = request.registry["log_policy"], public_key(request.registry["settings"])
    if policy is not None:
        return policy.trust
    if own is not None:
        trust.add_key(own)
    return trust


def _at(schema: colander.SchemaNode, name: str, message: Any) -> colander.Invalid:
    """A problem at one field."""
    error = colander.Invalid(schema)
    place = [node.name for node in schema.children].index(name)
    error.add(colander.Invalid(schema.children[place], message), place)
    return error


def _told(request, found: Found) -> dict[str, Any]:
    language = request.locale_name
    lines = found.report.as_text(found.code, found.problem, language).split("\n")
    labels = verifier.PROFILE_LABELS if found.info else ()
    return {
        "found": found, "kind": RESULTS.get(found.code, "info"), "moment": dt.datetime.fromisoformat,
        "verdict": lines[0], "lines": [line.strip() for line in lines[1:]],
        "told": [{"key": label, "value": found.info[label.casefold()]} for label in labels],
    }
