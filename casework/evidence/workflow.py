"""The flow of an evidence item (DOMAIN 3.6). Its guards and effects are in the modules beside."""

from casework.web.i18n import _
from casework.workflow.engine import SYS, Flow, Transition, add_flow
from schemas import evidence as forms
from schemas.evidence import DIGITAL

from . import effects as do
from . import guards as must
from .guards import RECEIVERS

STATES = (
    "recorded", "sealed", "in_storage", "in_transit", "in_examination", "at_court", "disposition_ordered",
    "returned_owner", "destroyed", "forfeited", "retained", "discrepancy", "voided",
)
FINAL = ("returned_owner", "destroyed", "forfeited", "retained", "voided")
OPEN = tuple(state for state in STATES if state not in FINAL)
HELD = ("recorded", "sealed", "in_storage", "in_examination")
WORKING = tuple(state for state in OPEN if state != "discrepancy")
CHAIN = "custody.event"
FREEZES = _("The item is frozen until the supervisor and the custodian have resolved it together.")

FLOW = add_flow(Flow(
    "evidence",
    states=STATES,
    final=FINAL,
    transitions=(
        Transition("record", (), "recorded", ("INV", "FOR"), guards=(must.complete,), effects=(do.was_recorded,)),
        Transition("seal", ("recorded",), "sealed", ("INV", "FOR"),
                   guards=(must.holds, must.seal_is_free, must.two_witnesses, must.in_order),
                   effects=(do.was_sealed,), schema=forms.Seal),
        Transition("release", ("sealed", "in_storage", "in_examination"), do.after_release, ("INV", "FOR", "CUS"),
                   guards=(must.holds, must.seal_is_whole, must.seal_as_known, must.receiver_fits, must.due_back_later,
                           must.only_paper_is_told_later, must.in_order, must.chain_holds),
                   effects=(do.was_released,), schema=forms.Release),
        Transition("accept", ("in_transit",), do.after_acceptance, ("CUS", "FOR"), guards=(must.asked,),
                   effects=(do.was_accepted,), schema=forms.Accept),
        Transition("refuse", ("in_transit",), do.resumes, ("CUS", "FOR"), guards=(must.asked,),
                   effects=(do.was_refused,), reason="why the item is not taken"),
        Transition("withdraw", ("in_transit",), do.resumes, ("INV", "FOR", "CUS"), guards=(must.holds,),
                   effects=(do.was_withdrawn,), reason="why the handover is called off"),
        Transition("take_back", ("at_court", "disposition_ordered"), do.after_return, ("CUS",),
                   guards=(must.is_outside, must.own_store, must.in_order), effects=(do.came_from_court,),
                   schema=forms.TakeBack),
        Transition("relieve", ("recorded", "sealed", "in_storage", "in_examination", "disposition_ordered"),
                   do.after_relief, ("INV", "FOR", "CUS"),
                   guards=(must.holder_is_gone, must.relieves_here, must.seal_is_told, must.in_order, must.chain_holds),
                   effects=(do.was_relieved,), schema=forms.Relieve),
        Transition("move", ("in_storage",), do.stays, ("CUS",), guards=(must.own_store,), effects=(do.was_moved,),
                   schema=forms.Move),
        Transition("open_seal", ("in_examination",), do.stays, ("FOR",), guards=(must.holds, must.seal_is_whole),
                   effects=(do.was_opened,), reason="why it is opened"),
        Transition("reseal", ("in_examination",), do.stays, ("FOR",),
                   guards=(must.holds, must.seal_is_free, must.two_witnesses, must.in_order),
                   effects=(do.was_sealed,), schema=forms.Seal),
        Transition("examine", ("in_examination",), do.after_step, ("FOR",), guards=(must.holds, must.step_fits),
                   effects=(do.was_examined,), schema=forms.ExamEvent),
        Transition("count_labels", ("in_examination",), do.stays, ("FOR",), row="label",
                   guards=(must.holds, must.vault_is_known), effects=(do.was_labelled,), schema=forms.LabelCounts),
        Transition("verify_hash", HELD, do.after_verification, ("INV", "FOR"),
                   guards=(must.holds, must.has_sha256), effects=(do.was_verified,), schema=forms.VerifyHash),
        Transition("correct", OPEN, do.stays, ("INV", "FOR", "CUS"), guards=(must.event_exists,),
                   effects=(do.was_corrected,), schema=forms.Correct),
        Transition("report_discrepancy", WORKING, "discrepancy", ("INV", "PSU", "FOR", "CUS", "PRO", SYS), level="R",
                   effects=(do.was_reported,), schema=forms.ReportDiscrepancy, confirm=FREEZES),
        Transition("propose_resolution", ("discrepancy",), do.stays, ("PSU", "CUS"), row=CHAIN, level="A",
                   effects=(do.was_proposed,), reason="how it is resolved", schema=forms.ResolveDiscrepancy),
        Transition("resolve_discrepancy", ("discrepancy",), do.resumes, ("PSU", "CUS"), row=CHAIN, level="A",
                   guards=(must.other_side,), effects=(do.was_resolved,), not_author=("propose_resolution",),
                   reason="why the resolution is right", schema=forms.ResolveDiscrepancy),
        Transition("order_disposition", ("at_court", "in_storage"), "disposition_ordered", ("PRO",), level="R",
                   guards=(must.order_is_lawful,), effects=(do.was_ordered,), schema=forms.OrderDisposition),
        Transition("carry_out", ("disposition_ordered",), do.stays, ("CUS",),
                   guards=(must.holds, must.carried_out_rightly), effects=(do.was_carried_out,),
                   schema=forms.CarryOutDisposition),
        Transition("confirm_disposition", ("disposition_ordered",), do.after_disposition,
                   ("INV", "PSU", "FOR", "CUS", "PRO"), level="R", guards=(must.is_witness,),
                   effects=(do.was_witnessed,), not_author=("carry_out",),
                   confirm=_("You confirm that you were there and saw it done. This cannot be taken back.")),
        Transition("propose_void", ("recorded", "sealed", "in_storage"), do.stays, ("INV", "FOR", "CUS"),
                   guards=(must.holds,), effects=(do.was_asked_to_void,), reason="why the record is wrong",
                   reason_codes="void_reason", schema=forms.Void),
        Transition("void", ("recorded", "sealed", "in_storage"), "voided", ("PSU",), level="R",
                   guards=(must.asked_to_void,), effects=(do.was_voided,), not_author=("propose_void",),
                   reason="why you agree", reason_codes="void_reason", schema=forms.Void),
    ),
))


def facts(item) -> dict:
    """What the clocks ask of an item."""
    return {"digital": item.kind in DIGITAL}


def owner(item, rule) -> tuple:
    """Who gets the clocks of an item: who is asked to receive it, the examiner who has it, else its store."""
    if rule.code == "H-02":
        return item.receiver_agency_id, RECEIVERS[item.purpose], item.receiver_id
    examined = item.state == "in_examination" or item.purpose == "examination"
    return item.store_agency_id or item.agency_id, rule.queue_role, item.holder_id if examined else None
