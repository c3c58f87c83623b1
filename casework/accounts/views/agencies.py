"""Agencies: the list, and what a deployment fills in."""

import uuid

from pyramid.httpexceptions import HTTPNotFound
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from .. import forms
from ..models import Agency
from . import propose


def agency_list(request) -> dict:
    """All agencies, by code."""
    rows = list(request.db.scalars(select(Agency).options(selectinload(Agency.parent)).order_by(Agency.code)))
    return {"rows": rows, "done": request.GET.get("done")}


def edit_agency(request):
    """Propose what a deployment fills in about an agency."""
    agency = request.db.get(Agency, uuid.UUID(request.matchdict["id"]))
    if agency is None:
        raise HTTPNotFound()

    def save(form, data: dict):
        payload = {**propose.payload_of(data, "contact_point", "quality_checked_at"), "active": data["active"]}
        return propose.send(request, form, "change_agency", payload, agency.id, agency.id, "/admin/agencies")

    values = {name: getattr(agency, name) for name in ("contact_point", "quality_checked_at", "active")}
    return propose.page(request, forms.ContactPoint, save, agency.name(request.locale_name), "/admin/agencies", values)
