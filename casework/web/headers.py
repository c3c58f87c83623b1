"""The headers of every response: pages, errors, redirects, files, refusals. No view can weaken them."""

from collections.abc import Callable

from pyramid.tweens import EXCVIEW, INGRESS, MAIN

PAGE_POLICY = "; ".join((
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "font-src 'self'", "img-src 'self'",
    "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'", "object-src 'none'",
    "require-trusted-types-for 'script'", "trusted-types 'none'",
))
# A file is data: should a browser show it after all, then without scripts and without our origin.
DOWNLOAD_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

_DENIED_FEATURES = (
    "accelerometer", "autoplay", "bluetooth", "browsing-topics", "camera", "display-capture", "encrypted-media",
    "fullscreen", "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer", "microphone",
    "midi", "payment", "picture-in-picture", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
)
# Passkeys are the one feature that the program may use itself.
PERMISSIONS_POLICY = ", ".join((
    *(f"{name}=()" for name in _DENIED_FEATURES),
    "publickey-credentials-create=(self)", "publickey-credentials-get=(self)",
))

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS_POLICY,
}
HSTS = "max-age=63072000; includeSubDomains"
STATIC_ROUTE = "static"


def put_headers(request, response) -> None:
    """Set the contract on `response`, over whatever was there."""
    headers = response.headers
    headers.update(ALWAYS)
    attachment = headers.get("Content-Disposition", "").startswith("attachment")
    headers["Content-Security-Policy"] = DOWNLOAD_POLICY if attachment else PAGE_POLICY
    headers["X-Request-Id"] = request.id
    if request.scheme == "https":
        headers["Strict-Transport-Security"] = HSTS
    if not _is_static(request, response):
        headers["Cache-Control"] = "no-store"
        for name in ("Expires", "Pragma", "ETag", "Last-Modified"):
            headers.pop(name, None)


def _is_static(request, response) -> bool:
    route = getattr(request, "matched_route", None)
    return route is not None and route.name == STATIC_ROUTE and response.status_int in (200, 206, 304)


def tween_factory(handler: Callable, registry) -> Callable:
    """The outermost tween."""

    def tween(request):
        response = handler(request)
        put_headers(request, response)
        return response

    return tween


def includeme(config) -> None:
    """Above every other tween, so that their own answers have the headers too."""
    config.add_tween(
        "casework.web.headers.tween_factory", under=INGRESS,
        over=("casework.web.logs.tween_factory", "casework.web.errors.tween_factory",
              "casework.web.sanity.tween_factory", EXCVIEW, MAIN),
    )
