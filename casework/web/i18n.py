"""Words, dates and clocks in English and Khmer.

``_`` marks a msgid of the domain ``casework``. Every package of the program keeps its own Khmer in
``<package>/locale/km/LC_MESSAGES/casework.po``; all of them are merged into that one domain.
Times are stored in UTC and shown in Asia/Phnom_Penh, dates as dd/mm/yyyy.
"""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from babel.dates import format_date as babel_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from pyramid.i18n import TranslationString, TranslationStringFactory
from pyramid.security import NO_PERMISSION_REQUIRED

_ = TranslationStringFactory("casework")

LOCALES = {"en": "English", "km": "ខ្មែរ"}
DEFAULT_LOCALE = "en"
COOKIE = "cw_lang"
COOKIE_SECONDS = 365 * 24 * 3600
ZONE = ZoneInfo("Asia/Phnom_Penh")

# CLDR "en" is American ("March 27, 2025"); the day comes first in Cambodia.
BABEL_LOCALE = {"en": "en_GB", "km": "km"}

ROOT = Path(__file__).resolve().parents[2]

log = logging.getLogger(__name__)


def negotiate(request) -> str:
    """Locale of a request: the cookie, then the user's own setting, then Accept-Language, then English."""
    chosen = request.cookies.get(COOKIE)
    if chosen in LOCALES:
        return chosen
    stored = getattr(request.identity, "locale", None)
    if stored in LOCALES:
        return stored
    return request.accept_language.lookup(list(LOCALES), default=DEFAULT_LOCALE)


def same_site_path(value: str | None) -> str:
    """`value` when it is a path on this site, else "/".

    Browsers read a backslash as a slash and drop tabs and line ends inside an address, so any of these
    could turn a path into another host.
    """
    if not value or not value.startswith("/") or "\\" in value or not value.isprintable():
        return "/"
    parts = urlsplit(value)
    return "/" if parts.scheme or parts.netloc or value.startswith("//") else value


def set_language(request):
    """Remember the language of `{code}` in a cookie and go back to the path in the field `back`."""
    code = request.matchdict["code"]
    if code not in LOCALES:
        raise HTTPNotFound()
    response = HTTPSeeOther(same_site_path(request.POST.get("back")))
    response.set_cookie(
        COOKIE, code, max_age=COOKIE_SECONDS, path="/", secure=request.scheme == "https", httponly=True,
        samesite="Lax",
    )
    return response


def format_date(value: date | datetime | str | None, locale: str = DEFAULT_LOCALE) -> str:
    """dd/mm/yyyy. Takes ISO text too, and partial dates: "2019" stays, "2019-03" becomes 03/2019."""
    if value is None or value == "":
        return ""
    if isinstance(value, datetime):
        value = local_time(value).date()
    text = value.isoformat() if isinstance(value, date) else value
    return "/".join(reversed(text.split("-")))


def format_long_date(value: date | datetime | None, locale: str = DEFAULT_LOCALE) -> str:
    """Day, month in words, year: 27 March 2025."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = local_time(value).date()
    return babel_date(value, "d MMMM y", locale=BABEL_LOCALE.get(locale, locale))


def format_datetime(value: datetime | None, locale: str = DEFAULT_LOCALE) -> str:
    """dd/mm/yyyy HH:MM in Phnom Penh. Raises ValueError for a time without a zone."""
    return "" if value is None else local_time(value).strftime("%d/%m/%Y %H:%M")


def local_time(value: datetime) -> datetime:
    """`value` in Phnom Penh; a naive time is a mistake of the caller, never guessed at."""
    if value.tzinfo is None:
        raise ValueError("a time without a zone cannot be shown")
    return value.astimezone(ZONE)


def format_clock(delta: timedelta) -> TranslationString:
    """What is left until a deadline, or by how much it has passed, in at most two units.

    `delta` is deadline minus now. Two days and more are told in days only.
    """
    minutes = int(abs(delta).total_seconds() // 60)
    days, hours, mins = minutes // 1440, minutes // 60 % 24, minutes % 60
    mapping = {"d": days, "h": hours, "m": mins}
    if delta < timedelta(0):
        if days >= 2:
            return _("overdue ${d} d", mapping=mapping)
        if days:
            return _("overdue ${d} d ${h} h", mapping=mapping)
        return _("overdue ${h} h ${m} min", mapping=mapping) if hours else _("overdue ${m} min", mapping=mapping)
    if days >= 2:
        return _("${d} d left", mapping=mapping)
    if days:
        return _("${d} d ${h} h left", mapping=mapping)
    return _("${h} h ${m} min left", mapping=mapping) if hours else _("${m} min left", mapping=mapping)


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


def locale_folders(root: Path = ROOT) -> list[Path]:
    """The `locale` folder of every package that has one, the shell's own first."""
    own = root / "casework" / "web" / "locale"
    found = sorted([*root.glob("casework/*/locale"), *root.glob("schemas/locale")])
    return [own, *(folder for folder in found if folder != own)]


def compile_catalogs(root: Path = ROOT) -> list[Path]:
    """Compile every .po whose .mo is missing or older; return the folders to translate from.

    Where the program may not write, as in an installation of another user, the .mo files of that folder go to a
    temporary one, which is removed at exit.
    """
    return [compiled(folder) for folder in locale_folders(root)]


def compiled(folder: Path) -> Path:
    """`folder` with its catalogues compiled, or a temporary folder that holds them."""
    try:
        compile_into(folder, folder)
        return folder
    except OSError as error:
        log.warning("catalogues of %s are compiled for this run only: %s", folder.parent.name, error.strerror)
    spare = Path(tempfile.mkdtemp(prefix="casework-words-"))
    atexit.register(shutil.rmtree, spare, ignore_errors=True)
    compile_into(folder, spare)
    return spare


def compile_into(folder: Path, target_folder: Path) -> None:
    """Compile the .po files of `folder` to the same places below `target_folder`."""
    for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        target = target_folder / source.relative_to(folder).with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        write_catalogue(source, target)


def write_catalogue(source: Path, target: Path) -> None:
    """Write `target` in one step, so that a process starting beside this one never reads half a file."""
    with source.open("rb") as file:
        catalogue = read_po(file, locale=source.parts[-3], domain=source.stem)
    handle, name = tempfile.mkstemp(dir=target.parent, suffix=".part")
    with os.fdopen(handle, "wb") as file:
        write_mo(file, catalogue)
    os.chmod(name, 0o644)
    Path(name).replace(target)


def includeme(config) -> None:
    """Translations, the negotiator and the language switch."""
    config.add_translation_dirs(*map(str, compile_catalogs()), "deform:locale", "colander:locale")
    config.set_locale_negotiator(negotiate)
    config.add_route("language", "/language/{code}", request_method="POST")
    config.add_view(set_language, route_name="language", permission=NO_PERMISSION_REQUIRED)
