"""The headers of every response: pages, errors, redirects, files, refusals. No view can weaken them."""

from collections.abc import Callable

from pyramid.tweens import EXCVIEW, INGRESS, MAIN

PAGE_POLICY = "; ".join((
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "font-src 'self'", "img-src 'self'",
    "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'", "object-src 'none'",
    "require-trusted-types-for 'script'", "trusted-types 'none'",
))
# Pages that take the digests of a file in a worker of their own: they may make one, under one policy, and no more.
HASHING_ROUTES = frozenset({"evidence_item.new", "evidence_item.image", "evidence_item.do"})
HASHING_POLICY = PAGE_POLICY.replace("trusted-types 'none'", "trusted-types casework-hash")
# The worker itself: the one place where WebAssembly runs, and it can ask nobody for anything.
WORKER_SCRIPT = "hash-worker.js"
WORKER_POLICY = "; ".join((
    "default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "base-uri 'none'", "form-action 'none'",
    "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
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

# The one page that reads labels with the camera; what it sees stays in the browser.
CAMERA_ROUTE = "scan"
CAMERA_POLICY = PERMISSIONS_POLICY.replace("camera=()", "camera=(self)")

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
    headers["Content-Security-Policy"] = _policy(request, response)
    headers["X-Request-Id"] = request.id
    if route_of(request) == CAMERA_ROUTE and request.identity is not None and response.status_int in (200, 422):
        headers["Permissions-Policy"] = CAMERA_POLICY
    if request.scheme == "https":
        headers["Strict-Transport-Security"] = HSTS
    if not _is_static(request, response):
        headers["Cache-Control"] = "no-store"
        for name in ("Expires", "Pragma", "ETag", "Last-Modified"):
            headers.pop(name, None)


def _policy(request, response) -> str:
    route = route_of(request)
    if response.headers.get("Content-Disposition", "").startswith("attachment"):
        return DOWNLOAD_POLICY
    if route == STATIC_ROUTE and request.matchdict["subpath"] == (WORKER_SCRIPT,):
        return WORKER_POLICY
    if route in HASHING_ROUTES and request.identity is not None and response.status_int in (200, 409, 422):
        return HASHING_POLICY
    return PAGE_POLICY


def route_of(request) -> str | None:
    """The name of the route that a request found; None when there is none."""
    return getattr(getattr(request, "matched_route", None), "name", None)


def _is_static(request, response) -> bool:
    return route_of(request) == STATIC_ROUTE and response.status_int in (200, 206, 304)


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
