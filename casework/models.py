"""Imports every module with mapped classes, so that one import maps them all, and what keeps an index of theirs."""

import casework.accounts.models
import casework.audit.models
import casework.authz.models
import casework.cases.models
import casework.crypto.models
import casework.deconfliction.index
import casework.evidence.models
import casework.evidence.stock_models
import casework.evidence.vault_models
import casework.exceptions.models
import casework.exchange.models
import casework.files.models
import casework.hashes.models
import casework.oversight.models
import casework.people.models
import casework.people.names
import casework.prosecution.models
import casework.records.models
import casework.referrals.models
import casework.support.models
import casework.therapy.models
import casework.welfare.models
import casework.workflow.models  # noqa: F401
