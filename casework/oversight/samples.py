"""Random samples: prepare (the seed goes into the log), draw, answer, sign with a second factor shown just now."""

import datetime as dt
import secrets
from typing import Any

from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from sqlalchemy import func, select

from casework.audit.capture import describe
from casework.audit.models import AuditEntry
from casework.db.base import now
from casework.db.refs import new_ref, parse_ref
from casework.records.forms import run_form
from casework.records.paging import page_of
from casework.web.i18n import _
from casework.web.render import code_label
from casework.workflow.engine import Problem, Refused
from schemas.oversight import DrawSample, SignSample

from .answers import Ask, entry_table, people_of
from .desk import Desk
from .draw import digest_of, draw, of_kind
from .log import by_number
from .models import AuditSample

PREFIX = "Z"
CHECKS = {
    "purpose": _("Is the purpose plausible?"), "task": _("Was there a task or an assignment?"),
    "own_name": _("Is it about somebody of the own name or family?"),
}
ANSWERS = ("yes", "no", "unclear")


class Sample(Desk):
    """Context of one sample's pages."""

    def __init__(self, request):
        super().__init__(request)
        ref = parse_ref(request.matchdict["sample"])
        query = select(AuditSample).where(AuditSample.ref == ref)
        self.sample = request.db.scalars(query).one_or_none() if ref and request.identity else None
        if request.identity and self.sample is None:
            raise HTTPNotFound()


def listing(context: Desk, request) -> dict:
    """Every sample, the latest first."""
    page = page_of(request, select(AuditSample), AuditSample)
    people = people_of(request, (one.created_by_id for one in page.rows))
    return {"page": page, "samples": page.rows, "people": people}


def prepare(context: Desk, request):
    """The first step: the kind, the number, the range up to now, and a seed. All of it is in the log before a draw."""

    def save(data: dict) -> str:
        db, identity = request.db, request.identity
        first, last = db.execute(select(func.min(AuditEntry.seq), func.max(AuditEntry.seq))).one()
        sample = AuditSample(
            ref=new_ref(db, AuditSample, PREFIX, now().date()), agency_id=identity.agency_id,
            created_by_id=identity.user_id, seed=secrets.token_hex(32), kind=data["kind"], wanted=data["wanted"],
            first=first, last=last,
        )
        db.add(sample)
        return f"/audit/samples/{sample.ref}"

    return run_form(request, DrawSample(), title=_("A new sample"), save=save, button=_("Prepare the draw"),
                    back="/audit/samples")


def view(context: Sample, request) -> dict:
    """The sample with its items, and the questions about each."""
    sample = context.sample
    request.audit("view", sample)
    ask = Ask(request, None)
    entries = by_number(request.db, sample.items or [])
    table = entry_table(ask, entries, None)
    answers = sample.answers or {}
    items = [
        {"seq": entry.seq, "cells": list(zip(table.columns, row, strict=True)),
         "answers": answers.get(str(entry.seq), {})}
        for entry, row in zip(entries, table.rows, strict=True)
    ]
    people = people_of(request, [sample.signed_by_id, sample.created_by_id])
    return {"sample": sample, "items": items, "checks": CHECKS, "choices": ANSWERS, "people": people,
            "open": _open(sample), "own": sample.created_by_id == request.identity.user_id}


def _open(sample: AuditSample) -> int:
    """How many items have an unanswered question."""
    answers = sample.answers or {}
    return sum(1 for seq in sample.items or () if set(answers.get(str(seq), {})) != set(CHECKS))


def _own(context: Sample, request) -> AuditSample:
    """The sample of the auditor who asks, not signed yet. Another's, and a signed one, cannot be worked on."""
    sample = context.sample
    if sample.created_by_id != request.identity.user_id or sample.signed_at is not None:
        raise HTTPNotFound()
    return sample


def drawing(context: Sample, request):
    """The second step: draw by the seed. Once."""
    sample = _own(context, request)
    if sample.items is None:
        fits = of_kind(request.db, sample.kind)
        sample.items = draw(sample.seed, sample.first, sample.last, sample.wanted, fits)
        sample.drawn_at = now()
        describe(request.db, sample, verb="draw")
    return HTTPSeeOther(f"/audit/samples/{sample.ref}")


def answering(context: Sample, request):
    """Keep the answers as far as they were given."""
    sample = _own(context, request)
    answers: dict[str, dict[str, str]] = {}
    for seq in sample.items or ():
        given = {check: request.POST.get(f"{check}-{seq}") for check in CHECKS}
        found = {check: answer for check, answer in given.items() if answer in ANSWERS}
        if found:
            answers[str(seq)] = found
    sample.answers = answers
    return HTTPSeeOther(f"/audit/samples/{sample.ref}")


def sign(context: Sample, request) -> Any:
    """Sign the sample: from then on nothing of it changes."""
    sample = _own(context, request)

    def save(data: dict) -> str:
        if sample.items is None or _open(sample):
            raise Refused(Problem(_("Answer every question of every entry first.")))
        at: dt.datetime = now()
        sample.finding, sample.signed_at, sample.signed_by_id = data["finding"], at, request.identity.user_id
        sample.digest = digest_of(sample)
        describe(request.db, sample, verb="sign", digest=sample.digest)
        return f"/audit/samples/{sample.ref}"

    return run_form(
        request, SignSample(), title=_("Sign sample ${ref}", mapping={"ref": sample.ref}), save=save,
        button=_("Sign"), version=sample.version, back=f"/audit/samples/{sample.ref}",
        confirm=_("A signed sample cannot be changed by anybody."),
        lead=_("${count} entries of the kind: ${kind}", mapping={
            "count": len(sample.items or ()), "kind": code_label(request, "sample_kind", sample.kind)}),
    )
