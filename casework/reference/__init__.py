"""What a deployment edits in `etc/`, read at start: code lists, places, agencies, offences, clocks.

Imports nothing of casework. A mistake in a file stops the start with the file and the line.
"""

from pathlib import Path

from .agencies import Agencies
from .calendar import Holidays
from .codes import Codes
from .deadlines import Rules
from .gazetteer import Gazetteer
from .mail import load_provider_rules
from .offences import Offences

DEFAULT_ETC = Path(__file__).resolve().parents[2] / "etc"


def includeme(config) -> None:
    """Load everything below the folder `casework.etc` into the registry.

    Keys: codes, gazetteer, agency_rows, offences, deadline_rules, holidays, provider_rules.
    """
    etc = Path(config.registry.settings.get("casework.etc") or DEFAULT_ETC)
    registry = config.registry
    registry["codes"] = Codes.load(etc / "codes")
    registry["gazetteer"] = Gazetteer.load(etc)
    registry["agency_rows"] = Agencies.load(etc / "agencies.csv")
    registry["offences"] = Offences.load(etc / "offences.csv")
    registry["deadline_rules"] = Rules.load(etc / "deadlines.csv")
    registry["holidays"] = Holidays.load(etc / "holidays.csv")
    registry["provider_rules"] = load_provider_rules(etc / "mail-providers.csv")
