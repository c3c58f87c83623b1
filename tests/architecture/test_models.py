"""Walks every mapped class and column: audited, scoped, classified, sealed; or on a short list that says why not."""

import datetime as dt

import pytest
from sqlalchemy import DateTime
from sqlalchemy.orm import configure_mappers

import casework.models  # noqa: F401
from casework.audit.models import Audited
from casework.authz.scope import Scoped
from casework.crypto.sealed import sealed_fields
from casework.db.base import S3, Base, Sensitivity
from casework.db.types import UtcDateTime
from casework.workflow.guard import Stateful

configure_mappers()
MODELS = sorted((m.class_ for m in Base.registry.mappers), key=lambda m: m.__tablename__)

# Scoped too: shut to everybody but the program.
INDEXES = {"match_token": "an index of identifiers", "victim_token": "an index of identifiers",
           "match_pair": "an index of matches"}
NOT_AUDITED = {
    "audit_entry": "is the log", "audit_head": "is the log",
    "log_leaf": "is the tree over the log", "log_node": "is the tree over the log",
    "log_checkpoint": "is the tree over the log", "log_cosignature": "is about the tree over the log",
    "log_timestamp": "is about the tree over the log", "data_key": "made with its record",
    "draft": "a person's own unsent words", "submission": "marks a form as sent", "search_text": "an index",
    "name_token": "an index",
    "user_session": "signing in and out are entries", "sign_in_counter": "counts tries",
    "user_activity": "when somebody was last seen", "recovery_code": "making and using are entries",
    "invitation": "making and using are entries", "file_upload": "its file, or the refusal of it, is an entry",
    "package_job": "how far a package is; asking for it and making it are entries",
    **INDEXES,
}
NOT_SCOPED = {
    **{name: why for name, why in NOT_AUDITED.items() if name not in INDEXES},
    "agency": "reference data", "user_account": "administrators' pages have permissions",
    "membership": "as accounts", "hash_list": "what lists there are is no secret",
    "account_change": "as accounts", "access_grant": "asked by the scope itself",
    "recusal": "asked by the scope itself", "break_glass": "asked by the scope itself",
    "delegation": "shown by its own pages to who is concerned", "stated_purpose": "asked for who stated it",
    "state_change": "read with its record only", "voiding": "read with its record only",
    "erasure": "read with its record only",
}


def ids(model):
    return model.__tablename__


@pytest.mark.parametrize("model", MODELS, ids=ids)
def test_audited_or_named(model):
    assert issubclass(model, Audited) != (model.__tablename__ in NOT_AUDITED)


@pytest.mark.parametrize("model", MODELS, ids=ids)
def test_scoped_or_named(model):
    assert issubclass(model, Scoped) != (model.__tablename__ in NOT_SCOPED)


@pytest.mark.parametrize("model", MODELS, ids=ids)
def test_every_column_has_a_class_and_what_is_sensitive_is_sealed(model):
    for column in model.__table__.columns:
        assert isinstance(column.info.get("class"), Sensitivity), f"{column} has no sensitivity class"
        if column.info["class"] >= S3:
            kept = {"encrypted", "token", "hashed", "coded"} & set(column.info)
            assert kept, f"{column} is {column.info['class'].name} and plain"


# Coded S3 columns hold a code from a closed list, and a query must ask them: who gave consent for what, how many
# crossed which threshold.
CODED = {"consent.kind", "consent.purposes", "consent.form", "welfare_check.threshold"}


def test_coded_columns_are_few():
    found = {str(c) for m in MODELS for c in m.__table__.columns if c.info.get("coded")}
    assert found == CODED


@pytest.mark.parametrize("model", MODELS, ids=ids)
def test_sealed_columns_know_their_key(model):
    if sealed_fields(model):
        assert hasattr(model, getattr(model, "__key__", "no key"))


@pytest.mark.parametrize("model", MODELS, ids=ids)
def test_moments_keep_their_zone(model):
    for column in model.__table__.columns:
        assert not (isinstance(column.type, DateTime) and not isinstance(column.type, UtcDateTime)), column


@pytest.mark.parametrize("model", MODELS, ids=ids)
def test_a_state_is_guarded(model):
    if "state" in model.__table__.columns and model.__tablename__ not in ("account_change", "user_session"):
        assert issubclass(model, Stateful)


def test_nothing_cascades():
    for model in MODELS:
        for key in model.__table__.foreign_keys:
            assert key.ondelete is None, f"{key.parent} deletes by itself"


def test_a_moment_without_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        UtcDateTime().process_bind_param(dt.datetime(2026, 1, 1), None)
