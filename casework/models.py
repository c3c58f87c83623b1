"""Imports every module with mapped classes, so that one import maps them all."""

import casework.accounts.models
import casework.audit.models
import casework.authz.models
import casework.cases.models
import casework.crypto.models
import casework.evidence.models
import casework.people.models
import casework.prosecution.models
import casework.records.models
import casework.referrals.models
import casework.support.models
import casework.workflow.models  # noqa: F401
