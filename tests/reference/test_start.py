import pytest
from pyramid.config import Configurator

from casework.reference.table import BadTable


def test_everything_is_in_the_registry(etc):
    for settings in ({}, {"casework.etc": str(etc)}):
        config = Configurator(settings=settings)
        config.include("casework.reference")
        assert config.registry["codes"].has("sex", "female")
        assert config.registry["gazetteer"].has("12")
        assert config.registry["offences"].search("41")
        assert config.registry["deadline_rules"].get("D-01")
        assert config.registry["agency_rows"].get("cncc")
        assert config.registry["holidays"]
        assert "gmail.com" in config.registry["provider_rules"].dots_ignored


def test_a_missing_folder_stops_the_start(tmp_path):
    config = Configurator(settings={"casework.etc": str(tmp_path)})
    with pytest.raises(BadTable):
        config.include("casework.reference")
