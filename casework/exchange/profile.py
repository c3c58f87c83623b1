"""Our profile of bags (BagIt Profiles 1.3.0), as a file for others' validators.

What it asks stands in the verifier, which comes with every package; the file is made from that, and lies in `etc/` and
in every package.
"""

import json

from casework.verifier.casework_verify import PROFILE, PROFILE_CLASSES, PROFILE_FILES, PROFILE_LABELS

FILE = "bagit-profile.json"
VALUES = {"Casework-Classification": list(PROFILE_CLASSES), "BagIt-Profile-Identifier": [PROFILE]}


def profile() -> dict:
    """The profile as the object that its file holds."""
    labels = ("BagIt-Profile-Identifier", *PROFILE_LABELS)
    return {
        "BagIt-Profile-Info": {
            "BagIt-Profile-Identifier": PROFILE,
            "BagIt-Profile-Version": "1.3.0",
            "Source-Organization": "casework",
            "External-Description": "Evidence of a case, given to named recipients: documents encrypted to their keys "
                                    "by age, custody, a CASE graph, and proofs from the log.",
            "Version": "1.0",
        },
        "Bag-Info": {
            label: {"required": True, "repeatable": False, **({"values": VALUES[label]} if label in VALUES else {})}
            for label in labels
        },
        "Manifests-Required": ["sha256", "sha512"],
        "Manifests-Allowed": ["sha256", "sha512"],
        "Tag-Manifests-Required": ["sha256", "sha512"],
        "Tag-Manifests-Allowed": ["sha256", "sha512"],
        "Tag-Files-Required": list(PROFILE_FILES),
        "Tag-Files-Allowed": [*PROFILE_FILES, "custody/documents.csv", "custody/*.jsonl", "log/*.jsonl"],
        "Allow-Fetch.txt": False,
        "Fetch.txt-Required": False,
        "Data-Empty": False,
        "Serialization": "required",
        "Accept-Serialization": ["application/zip"],
        "Accept-BagIt-Version": ["1.0"],
    }


def as_bytes() -> bytes:
    """The profile's file."""
    return json.dumps(profile(), indent=2).encode() + b"\n"
