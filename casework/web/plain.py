"""The page of last resort: no database, no person, no template, both languages at once.

It answers what is refused before anybody looks who asks, and what is left when the program itself fails.
"""

from dataclasses import dataclass, field

from markupsafe import escape
from pyramid.response import Response

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title_en} – casework</title>{style}</head>
<body class="govuk-template__body"><main class="govuk-width-container cw-main">
<h1>{title_en}</h1><p>{text_en}</p>
<div lang="km"><h2>{title_km}</h2><p>{text_km}</p></div>
{incident}<p><a href="/">casework</a></p>
</main></body></html>
"""


@dataclass(frozen=True)
class Refusal:
    """What is answered, in both languages. `headers` are those the status asks for, such as Allow."""

    status: int
    title: tuple[str, str]
    text: tuple[str, str]
    headers: tuple[tuple[str, str], ...] = field(default=())


def plain_page(request, refusal: Refusal, incident: str | None = None) -> Response:
    """The response of `refusal`; `incident` is the number under which the log tells more."""
    digest = request.registry.get("static_digest")
    body = _PAGE.format(
        title_en=escape(refusal.title[0]), title_km=escape(refusal.title[1]),
        text_en=escape(refusal.text[0]), text_km=escape(refusal.text[1]),
        style=f'<link rel="stylesheet" href="/static/{digest}/casework.css">' if digest else "",
        incident=f"<p>Incident / លេខឧប្បត្តិហេតុ: <code>{escape(incident)}</code></p>\n" if incident else "",
    )
    response = Response(body, status=refusal.status, content_type="text/html", charset="utf-8")
    response.headers.extend(refusal.headers)
    return response


FAILED = Refusal(
    500,
    ("Something went wrong", "មានបញ្ហាកើតឡើង"),
    ("Nothing was saved. Try again; if it happens again, tell your administrator the number below.",
     "គ្មានអ្វីត្រូវបានរក្សាទុកទេ។ សូមព្យាយាមម្ដងទៀត។ ប្រសិនបើបញ្ហានៅតែមាន សូមប្រាប់អ្នកគ្រប់គ្រងប្រព័ន្ធនូវលេខខាងក្រោម។"),
)
BUSY = Refusal(
    503,
    ("Not available at the moment", "មិនអាចប្រើបាននៅពេលនេះ"),
    ("Nothing was saved. The database is busy or cannot be reached. Try again in a few seconds.",
     "គ្មានអ្វីត្រូវបានរក្សាទុកទេ។ មូលដ្ឋានទិន្នន័យកំពុងរវល់ ឬមិនអាចភ្ជាប់បាន។ សូមព្យាយាមម្ដងទៀតក្នុងពេលបន្តិចទៀត។"),
    (("Retry-After", "10"),),
)
