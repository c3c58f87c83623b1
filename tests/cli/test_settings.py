"""Settings: what is believed, and what stops the start."""

import os

import pytest

from casework.crypto.keyring import KeyRing
from casework.settings import Settings, SettingsError
from casework.witness.key import create

DEVELOPMENT = {"casework.development": "true"}


@pytest.fixture
def place(tmp_path):
    """A folder with a private data folder and a key file beside it."""
    (tmp_path / "data").mkdir(mode=0o700)
    KeyRing.create(tmp_path / "keys.json")
    return tmp_path


@pytest.fixture
def production(place):
    """Settings of a production installation with nothing to complain about."""
    return {
        "casework.base_url": "https://casework.example",
        "casework.data": str(place / "data"),
        "casework.keys": str(place / "keys.json"),
        "casework.database_url": "postgresql://casework@/casework?host=/var/run/postgresql",
    }


def refused(ini, environ=None, **more):
    with pytest.raises(SettingsError) as problem:
        Settings.from_ini({**ini, **more}, environ or {})
    assert "\n" not in str(problem.value)
    return str(problem.value)


def test_development_needs_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_ini(DEVELOPMENT, {})
    assert settings.data == tmp_path / "instance"
    assert settings.keys == tmp_path / "instance" / "keys.json"
    assert settings.database_url == f"sqlite:///{tmp_path}/instance/casework.sqlite"
    assert settings.sqlite
    assert not settings.secure


def test_nothing_given_is_not_development():
    assert "not set" in refused({})


def test_production_starts(production):
    settings = Settings.from_ini(production, {})
    assert settings.secure
    assert settings.host == "casework.example"
    assert settings.database_url.startswith("postgresql+psycopg://")


def test_the_environment_wins(production):
    settings = Settings.from_ini(production, {"CASEWORK_BASE_URL": "https://other.example", "CASEWORK_THREADS": "3"})
    assert settings.base_url == "https://other.example"
    assert settings.threads == 3


@pytest.mark.parametrize("name", ["base_url", "data", "keys", "database_url"])
def test_production_names_what_is_missing(production, name):
    del production[f"casework.{name}"]
    assert f"CASEWORK_{name.upper()}" in refused(production)


def test_a_slip_of_the_pen_stops_the_start(production):
    assert "trusted_proxies" in refused(production, **{"casework.trusted_proxies": "127.0.0.1"})
    assert "trusted_proxies" in refused(production, {"CASEWORK_TRUSTED_PROXIES": "127.0.0.1"})


def test_names_for_the_tests_are_no_settings():
    Settings.from_ini(DEVELOPMENT, {"CASEWORK_ALLOW_MISSING": "1", "CASEWORK_TEST_RUN": "/x", "CASEWORK_INI": "x"})


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o604, 0o700])
def test_the_key_file_is_for_its_owner_only(production, place, mode):
    (place / "keys.json").chmod(mode)
    assert "0600" in refused(production)
    assert "0600" in refused({**production, **DEVELOPMENT})


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_the_key_file_may_be_read_only(production, place, mode):
    (place / "keys.json").chmod(mode)
    Settings.from_ini(production, {})


def test_a_missing_key_file_is_for_init_only(production, place):
    (place / "keys.json").unlink()
    assert "missing" in refused(production)
    Settings.from_ini(production, {}, setup=True)


def test_keys_do_not_lie_with_the_data(production, place):
    KeyRing.create(place / "data" / "keys.json")
    assert "outside data" in refused(production, **{"casework.keys": str(place / "data" / "keys.json")})


def test_the_data_folder_is_private(production, place):
    (place / "data").chmod(0o755)
    assert "everybody" in refused(production)


@pytest.mark.parametrize("url", ["http://casework.example", "casework.example", "https://", "https://a.example/b"])
def test_production_is_reached_by_https(production, url):
    assert "base_url" in refused(production, **{"casework.base_url": url})


LOCAL = [
    "postgresql://casework@/casework", "postgresql+psycopg2://casework@localhost/casework",
    "postgresql://casework@127.0.0.1/casework", "postgresql://casework@[::1]/casework",
    "postgresql://casework@/casework?host=/run/postgresql",
    "postgresql://casework@db.example/casework?sslmode=verify-full&sslrootcert=/etc/ssl/db.pem",
]
REMOTE = [
    "postgresql://casework@db.example/casework", "postgresql://casework@192.0.2.7/casework",
    "postgresql://casework@db.example/casework?sslmode=require",
    "postgresql://casework@db.example/casework?sslmode=verify-ca",
    "postgresql://casework@/casework?host=db.example", "postgresql://casework@/casework?service=main",
    "postgresql://casework@localhost/casework?hostaddr=192.0.2.7",
    "postgresql://casework@/casework?host=/run/postgresql&host=db.example",
]


@pytest.mark.parametrize("url", LOCAL)
def test_a_local_or_verified_database_will_do(production, url):
    Settings.from_ini({**production, "casework.database_url": url}, {})


@pytest.mark.parametrize("url", REMOTE)
def test_a_database_elsewhere_needs_a_verified_certificate(production, url):
    assert "verify-full" in refused(production, **{"casework.database_url": url})


@pytest.mark.parametrize("environ", [{"PGHOST": "db.example"}, {"PGSERVICE": "main"}, {"PGHOSTADDR": "192.0.2.7"}])
def test_the_drivers_own_variables_count_too(production, environ):
    assert "verify-full" in refused({**production, "casework.database_url": "postgresql://casework@/casework"}, environ)


@pytest.mark.parametrize("password", ["", "casework", "postgres", "ChangeMe", "theuser"])
def test_default_passwords_are_refused(production, password):
    url = f"postgresql://theuser:{password}@localhost/casework"
    if password:
        assert "password" in refused(production, **{"casework.database_url": url})


def test_a_password_is_in_no_file_that_others_read(production, place):
    ini = place / "casework.ini"
    ini.touch(mode=0o644)
    os.chmod(ini, 0o644)
    production["casework.database_url"] = "postgresql://theuser:Vq7-long-and-random@localhost/casework"
    assert "ini file" in refused(production, __file__=str(ini))
    ini.chmod(0o640)
    Settings.from_ini({**production, "__file__": str(ini)}, {})


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y", "nonsense", "sqlite:///x?mode=ro"])
def test_other_databases_are_refused(url):
    assert "database_url" in refused(DEVELOPMENT, **{"casework.database_url": url})


@pytest.mark.parametrize("url", ["sqlite:////x", "postgresql:///x"])
def test_two_processes_or_as_many_as_asked_for(tmp_path, url):
    ini = {**DEVELOPMENT, "casework.data": str(tmp_path), "casework.database_url": url}
    assert Settings.from_ini(ini, {}).workers == min(2, os.cpu_count())
    assert Settings.from_ini({**ini, "casework.workers": "4"}, {}).workers == 4


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5", "២", ""])
def test_numbers_are_whole_and_above_zero(value):
    assert "threads" in refused(DEVELOPMENT, **{"casework.threads": value})


@pytest.mark.parametrize("value", ["0.0.0.0/0", "::/0", "proxy.example", "127.0.0.1;x"])
def test_the_proxy_is_an_address(value):
    assert "trusted_proxy" in refused(DEVELOPMENT, **{"casework.trusted_proxy": value})


def test_the_database_url_is_never_shown(production):
    production["casework.database_url"] = "postgresql://theuser:Vq7-long-and-random@localhost/casework"
    assert "Vq7" not in repr(Settings.from_ini(production, {}))
    production["casework.database_url"] = "postgresql://theuser:Vq7-long-and-random@db.example/casework"
    assert "Vq7" not in refused(production)


def test_the_policy_of_the_log_is_read_at_the_start(production, place):
    assert Settings.from_ini(production, {}).policy() is None
    path = place / "policy"
    vkey = create(place / "witness.key", "witness.example/1").key.text
    for text, words in (
        (None, "cannot be read"), ("quorum all\n", "policy"), ("quorum none\nquorum none\n", "exactly one"),
        (f"witness one {vkey} http://witness.example\nquorum one\n", "https"),
    ):
        if text is not None:
            path.write_text(text)
        assert words in refused(production, **{"casework.log_policy": str(path)})
    path.write_text(f"witness one {vkey} https://witness.example/log\nquorum one\n")
    policy = Settings.from_ini({**production, "casework.log_policy": str(path)}, {}).policy()
    assert policy.urls == {"one": "https://witness.example/log"}


def test_an_authority_of_time_needs_its_certificate(production, place):
    url = {"casework.timestamp_url": "http://time.example/tsa"}
    assert "timestamp_certificate" in refused(production, **url)
    assert "timestamp_certificate" in refused(production, **url, **{"casework.timestamp_certificate": "/missing"})
    assert "timestamp_url" in refused(production, **{"casework.timestamp_url": "time.example"})
    (place / "root.pem").write_text("x")
    settings = Settings.from_ini({**production, **url, "casework.timestamp_certificate": str(place / "root.pem")}, {})
    assert settings.timestamp_certificate == place / "root.pem"
