"""Agencies, people and their roles; signing in, second factors, sessions; accounts and who may change them."""

from pyramid.security import NO_PERMISSION_REQUIRED

from casework.authz.policy import SIGNED_IN

_ID = "{id:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}}"
_KINDS = "{kind:add_role|change_role|end_role|change_expiry|reset_password|reset_factor|enable}"
_SUPERVISOR_KINDS = "{kind:change_role|end_role|reset_password|reset_factor}"
_EVENTS = "{event:approve|withdraw}"
_TEMPLATES = "casework:accounts/templates/"

# Route, path, view, methods, permission, template.
_VIEWS = (
    ("sign_in", "/sign-in", "signin.sign_in", "GET POST", None, "form"),
    ("sign_in.code", "/sign-in/code", "signin.code", "GET POST", None, "form"),
    ("sign_in.recovery", "/sign-in/recovery", "signin.recover", "GET POST", None, "form"),
    ("sign_out", "/sign-out", "signin.sign_out", "POST", None, None),
    ("choose_role", "/choose-role", "signin.choose_role", "GET POST", None, "roles"),
    ("invitation", "/invitation/{token:[A-Za-z0-9_-]{43}}", "enrol.invitation", "GET POST", None, "form"),
    ("enrol", "/enrol", "enrol.enrol", "GET POST", None, "enrol"),
    ("enrol.qr", "/enrol/qr.svg", "enrol.qr", "GET", None, None),
    ("keep", "/session/keep", "signin.keep", "POST", SIGNED_IN, None),
    ("confirm_identity", "/confirm-identity", "confirm.confirm", "GET POST", SIGNED_IN, "form"),
    ("account", "/account", "account.account", "GET", SIGNED_IN, "account"),
    ("account_language", "/account/language", "account.language", "POST", SIGNED_IN, "account"),
    ("account_password", "/account/password", "account.change_password", "GET POST", SIGNED_IN, "form"),
    ("account_factor", "/account/second-factor", "account.new_second_factor", "POST", SIGNED_IN, None),
    ("account_codes", "/account/recovery-codes", "account.new_recovery_codes", "POST", SIGNED_IN, None),
    ("account_sessions", "/account/sessions/end", "account.end_session", "POST", SIGNED_IN, None),
    ("admin_users", "/admin/users", "admin.users", "GET", "users:R", "users"),
    ("admin_user_new", "/admin/users/new", "propose.new_user", "GET POST", "users:W", "form"),
    ("admin_user", f"/admin/users/{_ID}", "admin.user", "GET", "users:R", "user"),
    ("admin_user_propose", f"/admin/users/{_ID}/propose/{_KINDS}", "propose.propose", "GET POST", "users:W", "form"),
    ("admin_user_disable", f"/admin/users/{_ID}/disable", "admin.disable", "GET POST", "users:W", "form"),
    ("admin_user_sessions", f"/admin/users/{_ID}/sessions/end", "admin.end_sessions", "POST", "users:W", None),
    ("admin_user_link", f"/admin/users/{_ID}/link", "admin.make_link", "POST", "users:W", "user"),
    ("colleagues", "/colleagues", "colleagues.colleagues", "GET", SIGNED_IN, "colleagues"),
    ("colleague_new", "/colleagues/new", "propose.new_user", "GET POST", SIGNED_IN, "form"),
    ("colleague_propose", f"/colleagues/{_ID}/propose/{_SUPERVISOR_KINDS}", "propose.propose", "GET POST", SIGNED_IN,
     "form"),
    ("admin_changes", "/admin/changes", "changes.change_list", "GET", "users:R", "changes"),
    ("admin_change_refuse", f"/admin/changes/{_ID}/refuse", "changes.refuse", "GET POST", "users:W", "form"),
    ("admin_change", f"/admin/changes/{_ID}/{_EVENTS}", "changes.decide", "POST", "users:W", "changes"),
    ("admin_agencies", "/admin/agencies", "agencies.agency_list", "GET", "users:R", "agencies"),
    ("admin_agency", f"/admin/agencies/{_ID}", "agencies.edit_agency", "GET POST", "users:W", "form"),
)
# The way in: these ask for no permission and judge the step that the session is at themselves.
PUBLIC = tuple(route for route, *_rest, permission, _template in _VIEWS if permission is None)
# Acts that ask for a second factor shown just now.
_FRESH = frozenset({"account_factor", "account_codes", "admin_user_link", "admin_change"})


def includeme(config) -> None:
    """Sessions as identities, the second factor on demand, and the pages."""
    from .passwords import Passwords

    settings = config.registry["settings"]
    config.registry["passwords"] = passwords = Passwords(config.registry["keyring"], settings.etc)
    passwords.check_lists()
    config.include(".current")
    config.include(".stepup")
    for route, path, view, methods, permission, template in _VIEWS:
        config.add_route(route, path)
        options = {"fresh_mfa": True} if route in _FRESH else {}
        config.add_view(
            f"casework.accounts.views.{view}", route_name=route, require_methods=methods.split(),
            permission=permission or NO_PERMISSION_REQUIRED,
            renderer=f"{_TEMPLATES}{template}.jinja2" if template else None, **options,
        )
