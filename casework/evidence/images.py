"""A forensic image: an item of its own, made from another, with the hash values of both compared."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from casework.authz.identity import Identity
from casework.cases import service as cases
from casework.workflow import engine

from . import service
from .models import EvidenceItem


def make_image(db: Session, identity: Identity, source: EvidenceItem, data: Mapping[str, Any]) -> EvidenceItem:
    """Record that an image was made. `data` is as schemas.exhibits.MakeImage gives it.

    The image bears the value that the tool read from the source; the value of the finished image is compared with it
    and freezes the image where it differs. Raises NotAllowed, Refused.
    """
    engine.apply(db, identity, source, "examine", {
        "event": "image_made", "hash_value": data["source_sha256"],
        **{name: data[name] for name in ("tool", "write_blocker", "started_at", "ended_at")},
    })
    hashes = [
        {"algorithm": name, "value": value, "tool": data["tool"]}
        for name, value in (("sha256", data["source_sha256"]), ("md5", data.get("md5")), ("sha1", data.get("sha1")))
        if value
    ]
    image = service.record_item(db, identity, cases.case_of(db, source.case_id), {
        "kind": "forensic_image", "description": data["description"], "parent": source.id, "hashes": hashes,
        "seized_at": data["ended_at"], "province": source.province, "place": source.location or source.place,
        "authority_type": source.authority_type, "authority_document": source.authority_document,
        "restricted_material": source.restricted_material, "vault_ref": data.get("vault_ref"), "size": data.get("size"),
    })
    db.flush()
    engine.apply(db, identity, image, "verify_hash", {"value": data["image_sha256"], "tool": data["tool"]})
    return image
