"""Forms of pages as a browser without scripts would send them."""

import re

from webtest.forms import Form
from webtest.response import TestResponse

_TEMPLATE = re.compile(r"<template.*?</template>", re.DOTALL)


def form_of(page: TestResponse) -> Form:
    """The form of a page, without what stands in templates: a browser does not send that."""
    page.text = _TEMPLATE.sub("", page.text)
    return page.forms["form"]


def set_date(form: Form, day: str, time: str | None = None, index: int = 0) -> None:
    """Fill the boxes of a date, or of a date and time: those of the form's date number `index`."""
    for name, value in zip(("day", "month", "year"), day.split("/"), strict=True):
        form.get(name, index=index).value = value
    if time is not None:
        form.get("time", index=index).value = time
