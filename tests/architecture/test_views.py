"""Walks every view and record type: a permission on each, none that reads and writes at once, CSRF on each POST."""

import csv
from pathlib import Path

import pytest
from pyramid.interfaces import IRoutesMapper
from pyramid.security import NO_PERMISSION_REQUIRED

from casework.authz.conditions import rows_of
from casework.authz.identity import ROLES
from casework.authz.policy import SIGNED_IN
from casework.workflow.engine import SYS, flows

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.one_engine

# What everybody reaches without signing in. Each line is a decision.
PUBLIC = {
    "static", "language", "styleguide", "sign_in", "sign_in.code", "sign_in.recovery", "choose_role", "sign_out",
    "invitation", "enrol", "enrol.qr", "report", "report.details", "report.return", "report.reply", "report.leave",
    "health",
}


def views(app):
    """(route name, methods, permission) of every view that has a route."""
    for entry in app.registry.introspector.get_category("views"):
        view = entry["introspectable"]
        permissions = [r["value"] for r in entry["related"] if r.category_name == "permissions"]
        yield view["route_name"], view["request_methods"], (permissions or [None])[0], view


def test_every_view_has_a_permission(app):
    rows = {line["key"] for line in csv.DictReader((ROOT / "etc/matrix.csv").read_text(encoding="utf-8").splitlines())}
    wrong = []
    for route, _methods, permission, _view in views(app):
        if route is None:
            continue
        if permission == NO_PERMISSION_REQUIRED:
            if route not in PUBLIC:
                wrong.append((route, "public and not on the list"))
        elif permission is None:
            wrong.append((route, "no permission"))
        elif permission != SIGNED_IN:
            row, _, level = str(permission).partition(":")
            if not rows.issuperset(row.split("|")) or level not in ("M", "R", "W", "A"):
                wrong.append((route, permission))
    assert not wrong


def test_every_route_has_a_view(app):
    routes = {route.name for route in app.registry.queryUtility(IRoutesMapper).get_routes()}
    assert routes == {route for route, *_ in views(app) if route is not None}


def test_every_record_type_is_declared_once_with_rows_of_the_matrix(app):
    types = app.registry["record_types"]
    prefixes = [rt.prefix for rt in types.values()]
    assert len(set(prefixes)) == len(prefixes)
    for rt in types.values():
        assert rt.name == rt.model.__tablename__
        assert set(rows_of(rt.model.__scope__)) <= set(app.registry["matrix"].rows)


def test_every_state_and_event_has_its_words_in_both_languages(app):
    codes = app.registry["codes"]
    missing = []
    for flow in flows().values():
        for state in flow.states:
            if not codes.has(f"{flow.name}_state", state):
                missing.append(f"{flow.name}_state {state}")
        for transition in flow.transitions:
            if not codes.has("events", transition.event):
                missing.append(f"events {transition.event}")
            if transition.reason_codes:
                assert codes.active(transition.reason_codes)
    assert not missing


def test_every_transition_says_who(app):
    for flow in flows().values():
        for transition in flow.transitions:
            assert transition.roles, f"{flow.name}: {transition.event}"
            assert set(transition.roles) <= set(ROLES) | {SYS}


def test_every_clock_hangs_on_something_that_happens(app):
    """A deadline rule about a record of a flow of ours starts and stops with a state or a happening that exists."""
    codes, states = app.registry["codes"], {name: set(flow.states) for name, flow in flows().items()}
    happenings = {code.code for code in codes.active("happenings")}
    for rule in app.registry["deadline_rules"]:
        for word in (*rule.start, *rule.stop):
            flow, _, what = word.partition(":")
            if flow in states:
                assert what in states[flow] or what in happenings or word in happenings, f"{rule.code}: {word}"
