"""A panel of the first screens: documents that are not what was stored."""

from markupsafe import Markup
from sqlalchemy import Select, select

from casework.web.i18n import _, format_datetime
from casework.web.render import code_label, translate

from .models import StoredFile

ROWS = 10
BAD = (StoredFile.bad.is_not(None), StoredFile.voided_at.is_(None))


def waiting(_request) -> Select:
    return select(StoredFile.id).where(*BAD)


def bad_files(request) -> dict:
    """The bad ones that this person may see."""
    records = list(request.db.scalars(select(StoredFile).where(*BAD).order_by(StoredFile.read_at.desc()).limit(ROWS)))
    link = Markup('<a class="govuk-link cw-mono cw-nowrap" href="/files/{0}">{0}</a>')
    return {
        "title": translate(request, _("Documents that are not what was stored")), "empty": "",
        "columns": [translate(request, words) for words in (_("Document"), _("What is wrong"), _("Found"))],
        "rows": [[link.format(one.ref), code_label(request, "file_problem", one.bad),
                  format_datetime(one.read_at, request.locale_name)] for one in records],
    }
