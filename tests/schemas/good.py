"""One right example of every schema, as a form or a program would send it. Everybody here is invented."""

import datetime as dt

from schemas import (
    accounts,
    case,
    evidence,
    exceptions,
    exhibits,
    person,
    prosecution,
    referral,
    support,
    welfare,
)

SOON = (dt.date.today() + dt.timedelta(days=30)).isoformat()
LATER = (dt.date.today() + dt.timedelta(days=60)).isoformat()
SHA256 = "0f" * 32
REASON = "A reason in words (fictional)."
NEED = {"level": "0"}
REPORT = {
    "immediate_danger": "no",
    "conduct": ["grooming", "csam_distribution"],
    "narrative": "An account writes to a child (fictional).",
    "urls": "https://example.org/a\nhxxps://example[.]test/b",
    "platform": "facebook",
    "occurred_from": "២៧/០៣/២០២៥",
    "occurred_to": "2025-03-28",
    "province": "12",
    "district": "1202",
    "child_known": "unknown",
    "feedback_wanted": "true",
    "safe_contact": "Evenings, +855 12 000 001 (fictional)",
}
PERSON = {
    "family_km": "សុខ",
    "given_km": "សាកល្បង",
    "family_latin": "Sok",
    "given_latin": "Sakalbong (fictional)",
    "aliases": "Test\nTrial",
    "sex": "female",
    "dob": "2012-03",
    "age_basis": "document",
    "nationality": "KH",
    "languages": ["khm"],
    "communication_need": ["hearing"],
    "id_documents": [{"type": "birth_certificate", "number": "N 000000"}],
}
CASE_FACTS = {
    "title": "Lotus (fictional)",
    "regime": "preliminary",
    "conduct": ["grooming"],
    "province": "17",
    "district": "1710",
    "cross_border": "true",
    "countries": ["KH", "FR"],
    "risk_to_child": "high",
    "suspects_unknown": "false",
    "flags": ["joint_operation"],
    "offence_from": "01/02/2025",
    "offence_to": "02/02/2025",
    "offence_precision": "exact",
}
MEMBERSHIP = {
    "agency": "1", "role": "PRO", "liaison": "false", "chief": "true", "valid_from": "2026-01-01", "valid_until": SOON,
}  # fmt: skip
HASHES = [{"algorithm": "sha256", "value": SHA256, "tool": "Tool 1.0"}, {"algorithm": "md5", "value": "0f" * 16}]

GOOD = {
    referral.PublicReport: REPORT,
    referral.OperatorReport: REPORT | {
        "source": "family", "channel": "phone", "received_at": "27/03/2025 14:05", "child_count": "១",
        "external_ref": "X-1", "external_kind": "referral", "reporter_anonymous": "false", "family_km": "ជា",
        "given_latin": "Dara (fictional)", "protection_needed": "true", "may_be_named": "false",
    },
    referral.Accept: {
        "conduct": ["csam_distribution"], "risk_level": "high", "jurisdiction": ["child", "suspect"],
        "label": "baseline", "child_known": "yes", "child_count": "1", "accept_as": "existing_case",
        "case": "c26-482913-K",
    },
    referral.Ask: {"question": "Which page was it on?", "channel_safe": "true"},
    referral.Answered: {"answer": "On the second page (fictional)."},
    referral.Forward: {
        "forwarded_to": "1", "forward_basis": "competent_authority", "share_reporter": "false", "seen": "true",
    },
    referral.Reject: {"reason_code": "insufficient", "reason": REASON},
    referral.Void: {"reason_code": "duplicate", "reason": REASON},
    referral.Merge: {"merged_into": "R26-000001-A", "reason_code": "same_content", "reason": REASON},
    referral.Close: {"feedback": "given", "answer": "Thank you, it was looked at."},
    person.Victim: PERSON | {
        "identification_status": "confirmed", "identified_at": "2025-03-27T10:00", "icse_ref": "ICSE-0 (fictional)",
        "identification_routes": ["hotline"], "series_known": "false", "guardian": "1",
        "caregiver_is_suspect": "no", "lawyer": "Lawyer (fictional)", "civil_party": "true",
        "wishes": "To go to school.", "special_measures": ["screen"],
    },
    person.Suspect: PERSON | {
        "suspect_status": "identified", "relation_to_victim": "known_online_only", "position_of_trust": "false",
        "lives_with_child": "false", "is_caregiver": "false", "whereabouts": "Abroad (fictional)",
    },
    person.Reporter: {"family_latin": "Test", "sex": "male", "contact": "Evenings", "may_be_named": "true"},
    person.Witness: PERSON | {"role": "caregiver", "contact": "Mornings"},
    person.Address: {
        "kind": "home", "province": "12", "district": "1202", "place": "House 0 (fictional)", "carer": "Aunt",
        "safe": "true", "valid_to": "2030-01-01",
    },
    person.Identifier: {
        "type": "ip", "value": "203.0.113.7", "side": "suspect", "reliability": "B", "provider": "ISP (fictional)",
        "source": "1", "belongs_to": "1", "observed_from": "2025-03-27T10:00:00+00:00",
        "observed_to": "2025-03-27T10:05:00+00:00", "port": "40000", "match_allowed": "true",
        "preserved_until": SOON,
    },
    person.IdentifierPaste: {
        "lines": "012 000 001\na@example.org\nhttps://example.org/x", "side": "suspect", "reliability": "F",
    },
    case.OpenCase: CASE_FACTS | {"source": "referral", "lead_officer": "1"},
    case.EditCase: CASE_FACTS | {"limitation_at": LATER},
    case.StartEnquiry: {"plan": "Ask the provider first.", "no_conflict": "true"},
    case.Plan: {"plan": "Ask the provider first."},
    case.SafetyPlan: {
        "support": "1", "accompanied_by": "Social worker", "interview_plan": "One interview, recorded.",
        "medical_offered": "yes", "authority_document": "W-1 (fictional)", "planned_at": "27/03/2026 08:00",
        "planned_place": "Office",
    },
    case.Explanation: {"why": "The report is still pending."},
    case.Submit: {"prosecution": "1"},
    case.AskAdvice: {"prosecution": "1", "reason": REASON},
    case.ProsecutorNotified: {"notified_at": "27/03/2025 14:05"},
    case.ReturnToAuthor: {"reason": REASON},
    case.FurtherEnquiry: {"instructions": "Ask the provider again.", "instructions_due": SOON},
    case.FinishFurtherEnquiry: {},
    case.Suspend: {"reason_code": "waiting_abroad", "reason": REASON, "review_at": LATER},
    case.CloseCase: {
        "outcome": "no_processing", "legal_reason": "limitation", "reason": REASON, "feedback": "given",
        "support_noted": "true",
    },
    case.ReopenCase: {"prosecutor_informed": "true", "reason": REASON},
    case.MergeCase: {"merged_into": "C26-000001-B", "reason": REASON},
    case.OffenceProposal: {"person": "1", "offence": "1"},
    case.Note: {"kind": "general", "text": "Called back."},
    case.Link: {"other_case": "C26-000001-B", "type": "same_network", "basis": "The same account in both."},
    case.Task: {"title": "Call the provider", "assignee": "1", "due_at": "27/03/2026 08:00"},
    case.FinishTask: {"result": "Done."},
    case.CancelTask: {"reason": REASON},
    case.Reassign: {"assignee": "1"},
    case.Assign: {"assignee": "1", "part": "lead", "reason": "On leave"},
    case.Conflict: {"reason": REASON},
    case.ExtendDeadline: {
        "extended_by": "Order 1 (fictional)", "due_at": "27/03/2026 08:00", "reason": "The judge needs the expert",
    },
    evidence.EvidenceItem: {
        "kind": "digital_original", "description": "Black telephone, cracked screen", "parent": "1", "make": "Make",
        "model": "Model", "serial": "SN-1", "imei": "49-015420-323751-8", "seized_at": "27/03/2025 14:05",
        "province": "12", "place": "Office", "seized_from": "1", "authority_type": "warrant",
        "authority_document": "W-1 (fictional)", "seal": "S-0001", "seal_witnesses": "Witness A\nWitness B",
        "restricted_material": "yes", "vault_ref": "V-0001", "hashes": HASHES, "size": "1024", "parts": "1",
    },
    evidence.Seal: {"seal": "S-0001", "seal_witnesses": "Witness A\nWitness B"},
    evidence.Release: {
        "receiver": "1", "purpose": "court", "authority": "Order 1", "place": "Counter", "seal_before": "S-0001",
        "expected_return": SOON,
    },
    evidence.ReleaseSeveral: {
        "items": ["1"], "outsider": "Registrar (fictional)", "receipt": "R-1", "purpose": "court",
        "authority": "Order 1", "place": "Counter",
    },
    evidence.Correct: {"seq": "3", "remark": "The place was the counter."},
    evidence.Accept: {
        "seal_before": "S-0001", "condition": "intact", "location": "Shelf 1", "hash_after": SHA256.upper(),
    },
    evidence.LotItem: {"seal_before": "S-0001", "condition": "intact"},
    evidence.TakeBack: {
        "seal_before": "S-0001", "condition": "intact", "location": "Shelf 1", "happened_at": "27/03/2025 14:05",
        "clock": "watch", "why_later": "No line at the court",
    },
    evidence.Relieve: {
        "receipt": "R-4 of 27 March", "seal_before": "S-0001", "condition": "intact", "location": "Shelf 1",
        "hash_after": SHA256.upper(), "remark": "Nothing else in the bag", "happened_at": "27/03/2025 14:05",
        "clock": "watch", "why_later": "No line at the station",
    },
    evidence.Move: {"location": "Room 1 / Shelf 2"},
    exhibits.SearchLog: {
        "seized_at": "27/03/2025 14:05", "clock": "watch", "province": "12", "place": "Office",
        "authority_type": "warrant", "authority_document": "W-1 (fictional)", "restricted_material": "not_examined",
        "seal_witnesses": "Witness A\nWitness B", "sealed_at": "27/03/2025 15:05",
        "rows": [{"kind": "physical", "description": "Black telephone", "seal": "S-0001"}],
    },
    exhibits.MakeImage: {
        "description": "Disk, make A, number 1", "tool": "Tool 1.0", "write_blocker": "true",
        "started_at": "27/03/2025 14:05", "ended_at": "27/03/2025 15:05", "source_sha256": SHA256,
        "image_sha256": SHA256,
    },
    exhibits.Labels: {"numbers": "1-20, 23", "size": "a4_3x8", "skip": "2"},
    exhibits.Scan: {"scanned": "E26-482913-K"},
    exhibits.NewStocktake: {"location": "Room 1 / Shelf 2"},
    exhibits.StocktakeScan: {"scanned": "E26-482913-K\nE26-482914-L"},
    exhibits.ViewingRequest: {"purpose": "The label has to be decided.", "authority": "Order 1"},
    exhibits.LogViewing: {"viewed_at": "27/03/2025 14:05", "minutes": "15", "files": "10"},
    evidence.AcceptLot: {"location": "Shelf 1"},
    evidence.ExamEvent: {
        "event": "image_made", "tool": "Tool 1.0", "write_blocker": "true", "started_at": "27/03/2025 14:05",
        "ended_at": "27/03/2025 15:05", "hash_value": SHA256, "remark": "None",
    },
    evidence.VerifyHash: {"value": SHA256, "tool": "Tool 1.0"},
    evidence.LabelCounts: {
        "baseline": "0", "nationally_illegal": "0", "not_illegal": "1", "not_assessed": "0", "unable": "0",
        "minutes": "15",
    },
    welfare.StartExposure: {"activity": "transcript", "band": "none", "case_ref": "C26-482913-K"},
    welfare.Exposure: {"activity": "label", "band": "tens", "day": "27/03/2025", "minutes": "45"},
    welfare.ExposureChoices: {"unshared": "true", "apart": "false"},
    evidence.ReportDiscrepancy: {"kind": "seal_number", "discrepancy": "The seal number differs."},
    evidence.ResolveDiscrepancy: {"reason": "It was a slip of the pen."},
    evidence.OrderDisposition: {"disposition": "returned", "authority": "Order 2"},
    evidence.CarryOutDisposition: {
        "witness": "1", "place": "Counter", "wiping_certificate": "Z-1", "outsider": "Owner (fictional)",
    },
    prosecution.Register: {"register_number": "1/2025", "registered_on": "2025-03-27"},
    prosecution.Assign: {"prosecutor": "1"},
    prosecution.TakeOver: {"no_conflict": "true"},
    prosecution.ReturnFile: {
        "instructions": "Ask the provider again.", "instructions_points": ["3", "9"], "instructions_due": SOON,
    },
    prosecution.NoProcessing: {
        "legal_reason": "limitation", "reason": REASON, "victim_informed_on": "2025-03-27",
    },
    prosecution.Diversion: {"conditions_met": "true", "social_report": "Report 1", "reason": REASON},
    prosecution.IntroductorySubmission: {"named": "true", "measures": ["screen"], "document": "D-1"},
    prosecution.JudgeSeised: {"judge": "Judge (fictional)", "judge_number": "1", "seised_on": "2025-03-27"},
    prosecution.RogatoryCommission: {
        "document": "D-1", "instructions": "Hear the witness.", "instructions_due": SOON,
    },
    prosecution.EndOfInvestigation: {"announced_on": "2025-03-27", "detained": "false"},
    prosecution.FinalSubmission: {"made_on": "2025-03-27", "document": "D-1"},
    prosecution.DirectCitation: {"summons_on": SOON},
    prosecution.ImmediateAppearance: {"conditions_met": "true", "first_appearance_at": "27/03/2025 08:00"},
    prosecution.ClosingOrder: {"order_number": "1", "decided_on": "2025-03-27", "detained": "true"},
    prosecution.Charge: {
        "person": "1", "offence": "1", "facts": "On a day, something (fictional).", "offence_from": "2025-02-01",
        "offence_to": "2025-02-01", "mode": "principal",
    },
    prosecution.Reclassify: {"offence": "1", "reason": REASON},
    prosecution.WithdrawCharge: {"status": "withdrawn", "reason": REASON},
    prosecution.Hearing: {
        "court": "1", "chamber": "1", "type": "trial", "at": "27/03/2026 08:00", "duration": "60",
        "child_presence": "screen", "measures": ["screen"], "support_person": "Aunt", "closed_session": "true",
    },
    prosecution.HearingResult: {
        "result": "adjourned", "adjourned_reason": "lawyer_absent", "next_at": "27/04/2026 08:00",
        "victim_informed_at": "27/03/2025 14:05",
    },
    prosecution.Judgment: {
        "body": "1", "type": "judgment", "decided_on": "2025-03-27", "by_default": "false", "currency": "KHR",
        "results": [{"charge": "1", "verdict": "convicted", "months": "24", "suspended_months": "12", "fine": "1"}],
        "compensation_awarded": "1000", "compensation_paid": "0", "confiscation": "One telephone",
        "notified_at": "27/03/2025 14:05", "victim_informed_at": "27/03/2025 14:05", "release_on": LATER,
    },
    prosecution.Decision: {
        "body": "1", "type": "release", "decided_on": "2025-03-27", "document": "D-1",
        "notified_at": "27/03/2025 14:05", "release_on": SOON,
    },
    prosecution.Remedy: {"party": "accused", "filed_on": "2025-03-27"},
    prosecution.Enforce: {"prison_informed_on": "2025-03-27", "release_on": LATER},
    prosecution.ComplainantInformed: {"informed_on": "2025-03-27", "how": "By letter"},
    support.Request: {
        "child": "1", "urgency": "high", "reason_code": "victim_identified", "reason": "A safe place to stay.",
        "safe_contact": "Through the school",
    },
    support.RequestFromCase: {
        "child": "1", "urgency": "high", "reason_code": "victim_identified", "reason": "A safe place to stay.",
        "safe_contact": "Through the school", "agency_id": "1",
    },
    support.AssignWorker: {"worker": "1"},
    support.FirstContact: {
        "first_contact_at": "27/03/2025 14:05", "kind": "visit", "safe": "no", "note": "Moved to an aunt.",
    },
    support.Explain: {"informed_how": "With the picture card.", "language": "khm"},
    support.Consent: {
        "kind": "caregiver_consent", "purposes": ["support", "share_provider"], "language": "khm",
        "informed_how": "With the picture card.", "form": "thumbprint", "given_by": "Aunt (fictional)",
        "given_by_person": "1", "relation": "other_family", "given_at": "27/03/2025 14:05", "valid_to": LATER,
        "withheld": "The address", "withheld_from": "The cousin", "withheld_reason": "fear_of_harm",
    },
    support.Withdraw: {"withdrawn_scope": ["share_police"]},
    support.Override: {"override_reason": "safety_at_risk", "reason": REASON},
    support.Decline: {
        "declined_what": "Counselling", "door_open_until": SOON, "safety_information": "true",
    },
    support.Assessment: {
        "assessed_on": "2025-03-27", "level_of_risk": "high", "safety_plan": "Stays with the aunt.",
        "domains": {name: NEED for name, _title in support.DOMAINS} | {"safety": {"level": "3", "text": "Urgent."}},
        "protective_factors": "School", "child_view": "Wants to stay.", "may_be_interviewed": "not_now",
        "next_on": "2025-06-27",
    },
    support.Send: {
        "services": [{"type": "counselling", "subtype": "counselling_trauma"}], "provider_agency": "1", "seen": "true",
    },
    support.AcceptByProvider: {"provider_worker": "1"},
    support.RejectByProvider: {"reject_reason": "capacity", "reason": REASON},
    support.ServicePlan: {
        "child_view": "Wants to go back to school.",
        "plan_goals": [{
            "goal": "Back to school", "service": "training_education_school_support", "responsible": "Worker",
            "due_on": SOON,
        }],
    },
    support.Service: {
        "type": "counselling", "subtype": "counselling_trauma", "planned_from": "2025-03-27",
        "planned_to": "2025-04-27", "delivered_from": "2025-03-28", "delivered_to": "2025-03-29", "sessions": "2",
        "status": "implemented", "outcome": "Better sleep",
    },
    support.FollowUp: {
        "kind": "call", "done_at": "27/03/2025 14:05", "safe": "yes", "wellbeing": "៤", "needs_changed": "false",
        "text": "Is well.", "next_at": SOON,
    },
    support.Suspend: {"reason": REASON, "review_at": SOON},
    support.RequestClosure: {
        "closure_reason": "goals_met", "closure_safety": "yes", "child_asked": "true", "court_steps": "Done",
        "follow_up_dates": [SOON, LATER],
    },
    support.Transfer: {"to_agency": "1", "reason": REASON},
    accounts.SignIn: {"login": "Test.User", "password": "correct horse battery (fictional)"},
    accounts.Totp: {"code": "123 456"},
    accounts.RecoveryCode: {"code": "AAAA-BBBB"},
    accounts.NewPassword: {"password": "correct horse battery", "again": "correct horse battery"},
    accounts.ChangePassword: {
        "current": "old", "password": "correct horse battery", "again": "correct horse battery",
    },
    accounts.Membership: MEMBERSHIP,
    accounts.Invite: MEMBERSHIP | {
        "name": "Test User (fictional)", "name_km": "អ្នកសាកល្បង", "login": "test.user", "expires_on": LATER,
    },
    accounts.Locale: {"locale": "km"},
    accounts.Agency: {
        "code": "test.01", "name_en": "Test office (fictional)", "name_km": "ការិយាល័យសាកល្បង", "abbreviation": "TO",
        "type": "police", "parent": "1", "national": "false", "jurisdiction": "01", "contact_point": "Desk",
        "quality_checked_at": "2025-01-01", "valid_from": "2025-01-01", "valid_to": "2030-01-01",
    },
    exceptions.Emergency: {"ref": "c26-482913-K", "reason_code": "child_missing", "reason": REASON},
    exceptions.EmergencyReview: {"outcome": "justified", "review": REASON},
    exceptions.DeclareConflict: {"ref": "C26-482913-K", "reason": REASON},
    exceptions.SetConflict: {"person": "1", "reason": REASON},
    exceptions.Delegate: {"to": "1", "first": SOON, "last": LATER, "reason": REASON},
    exceptions.GiveAccess: {"person": "1", "last": SOON, "reason": REASON},
    exceptions.Purpose: {"purpose": "court", "explanation": REASON},
    exceptions.TherapeuticNote: {"held_on": "2025-03-27", "text": REASON, "child_agrees": "false"},
    exceptions.AskDisclosure: {
        "court": "A court (fictional)", "document": "17/2026", "document_on": "2025-03-27", "until": SOON,
        "reason": REASON,
    },
    exceptions.ApproveDisclosure: {"informed_on": "2025-03-27", "informed_how": REASON, "reason": REASON},
}  # fmt: skip
