"""The crawl comes to every page: a route that nobody's links lead to is named here with the reason, or forgotten."""

import pytest
from pyramid.interfaces import IRoutesMapper

from tests.support import scene

from . import full
from .crawl import forms, pages

pytestmark = pytest.mark.one_engine

# Before anybody is signed in, or nobody need be: tests of accounts and of the public form.
NOBODY = {
    "choose_role", "enrol", "enrol.qr", "invitation", "language", "report", "report.details", "report.leave",
    "report.reply", "report.return", "sign_in", "sign_in.code", "sign_in.recovery", "sign_out", "static", "styleguide",
}
# Asked by scripts, by the header, or on the way to another page.
ON_THE_WAY = {
    "account_sessions", "confirm_identity", "disclosure_package.progress", "draft", "draft.discard", "go", "keep",
    "purpose", "search", "upload", "uploads",
}
# Their records are shown on the page above them, and no page links to the address.
ELSEWHERE = {
    "assessment.list", "audit.own", "consent.list", "custody_event.history", "custody_event.moments",
    "custody_event.prove", "custody_event.take", "custody_event.view", "follow_up.list", "service.list",
    "stored_file.download",
}
# Only in a state, or of a record, that the crawl's world does not have: tests of the feature.
IN_A_STATE = {
    "admin_change", "admin_change_refuse", "admin_user_link", "case.conflicts.end", "case.withdraw", "case_link.who",
    "colleague_new", "colleague_propose", "colleagues", "custody.out", "custody_event.who", "delegation.decide",
    "delegation.end", "disclosure_order.copy", "disclosure_package.do", "disclosure_package.download",
    "emergency.end", "emergency.page", "emergency.review", "evidence_item.image", "evidence_item.release",
    "evidence_item.report", "exposure.stop", "exposure.void", "exposure_log.history", "exposure_log.moments",
    "exposure_log.prove", "exposure_log.take", "exposure_log.view", "exposure_log.who", "match_hit.who",
    "match_question.who", "prosecution.judge", "prosecution.schedule_trial", "referral.duty_officer",
    "referral.reporter", "referral.withdraw", "stocktake.do", "stocktake.history", "stocktake.moments",
    "stocktake.prove", "stocktake.scan", "stocktake.take", "stocktake.view", "stocktake.who",
    "support_question.history", "support_question.moments", "support_question.prove", "support_question.take",
    "support_question.view", "support_question.who", "support_referral.withdraw", "support_sending.do",
    "support_step.assess", "support_step.send", "therapeutic_note.edit", "viewing_request.new",
    "viewing_request.take", "viewing_request.who", "welfare_check.do", "welfare_check.history",
    "welfare_check.moments", "welfare_check.prove", "welfare_check.take", "welfare_check.view", "welfare_check.who",
}
# Only after the auditor has asked a question or drawn a sample.
ASKED = {
    "audit.access.file", "audit.account.file", "audit.administrators.file", "audit.checkpoint", "audit.dormant.file",
    "audit.emergency.file", "audit.hints.file", "audit.sample", "audit.sample.answers", "audit.sample.draw",
    "audit.sample.sign", "audit.touched.file",
}


def test_every_route_is_reached_by_somebody(app, database):
    made, reached = full.build(database), set()
    for name in scene.STAFF:
        if name.endswith("2"):
            continue
        client = made.browser(app, name)
        for page in pages(client):
            reached.add(page.route)
            reached.update(form.route for form in forms(client, page))
    routes = {route.name for route in app.registry.queryUtility(IRoutesMapper).get_routes()}
    missing = sorted(routes - reached - NOBODY - ON_THE_WAY - ELSEWHERE - IN_A_STATE - ASKED)
    assert not missing, " ".join(missing)
