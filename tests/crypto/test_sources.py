"""Where the ring is kept: a file that is never half written, the environment, and a key service around either."""

import base64
import os

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from casework.crypto import sources
from casework.crypto.keyring import KeyFileError, KeyRing
from casework.crypto.rotation import next_id, with_new_key
from casework.crypto.sources import EnvironmentSource, FileSource, first_ring, ring_of, service_of
from casework.crypto.tokens import mark, nothing, token, tokens
from casework.settings import Settings, SettingsError


class Service:
    """A key service of this machine's own, which stands for one elsewhere."""

    def __init__(self) -> None:
        self._key, self.away = AESGCM(bytes(range(32))), False

    def wrap(self, plain: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._key.encrypt(nonce, plain, b"ring")

    def unwrap(self, wrapped: bytes) -> bytes:
        if self.away:
            raise ConnectionError("no route to the key service")
        return self._key.decrypt(wrapped[:12], wrapped[12:], b"ring")


SERVICE = Service()


def the_service() -> Service:
    """What the setting `key_service` names."""
    return SERVICE


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys.json"


def test_a_new_ring_takes_the_old_ones_place_whole_or_not_at_all(path, monkeypatch):
    ring = KeyRing.create(path)
    before = path.read_bytes()

    def torn(handle, body):
        os.write(handle, body[:20])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sources, "_fill", torn)
    with pytest.raises(KeyFileError, match="No space left"):
        ring.change(with_new_key(ring.content, "k2"))
    assert path.read_bytes() == before
    assert ring.current == "k1"
    assert list(path.parent.iterdir()) == [path]
    monkeypatch.undo()
    ring.change(with_new_key(ring.content, "k2"))
    assert KeyRing.load(path).ids == ["k2", "k1"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_another_ring_in_the_files_place_is_not_taken_over(path):
    ring = KeyRing.create(path)
    first = ring.keys["k1"]
    path.unlink()
    KeyRing.create(path)
    assert ring.keys == {"k1": first}
    path.unlink()
    assert ring.keys == {"k1": first}  # what runs goes on without the file
    with pytest.raises(KeyFileError, match="missing: restore it"):
        KeyRing.load(path)


def test_the_environment_is_read_and_never_written(tmp_path):
    text = first_ring().as_bytes().decode()
    settings = Settings.from_ini({"casework.development": "true", "casework.data": str(tmp_path)},
                                 {"CASEWORK_KEY_RING": text})
    assert text not in repr(settings)
    ring = ring_of(settings)
    assert ring.current == "k1"
    with pytest.raises(KeyFileError, match="CASEWORK_KEY_RING"):
        ring.change(with_new_key(ring.content, "k2"))
    with pytest.raises(SettingsError, match="environment only"):
        Settings.from_ini({"casework.development": "true", "casework.key_ring": text}, {})


@pytest.mark.parametrize("text", ["{}", "no ring", "[]"])
def test_an_environment_without_a_ring_says_so(text):
    with pytest.raises(KeyFileError, match="CASEWORK_KEY_RING"):
        KeyRing.open(EnvironmentSource(text))


def test_with_a_key_service_the_file_alone_is_of_no_use(path):
    source = FileSource(path, service_of("tests.crypto.test_sources:the_service"))
    plain = first_ring()
    source.create(plain.as_bytes())
    assert base64.b64encode(plain.keys["k1"]) not in path.read_bytes()
    assert b"k1" not in path.read_bytes()
    ring = KeyRing.open(source)
    assert ring.keys == plain.keys
    ring.change(with_new_key(ring.content, "k2"))
    assert KeyRing.open(source).ids == ["k2", "k1"]
    with pytest.raises(KeyFileError):
        KeyRing.load(path)


def test_a_key_service_wraps_the_environment_too():
    body = base64.b64encode(SERVICE.wrap(first_ring().as_bytes())).decode()
    assert KeyRing.open(EnvironmentSource(body, SERVICE)).current == "k1"
    with pytest.raises(KeyFileError):
        KeyRing.open(EnvironmentSource(first_ring().as_bytes().decode(), SERVICE))


def test_a_key_service_that_is_away_is_named_and_nothing_of_it(path):
    source = FileSource(path, SERVICE)
    source.create(first_ring().as_bytes())
    ring = KeyRing.open(source)
    SERVICE.away = True
    try:
        with pytest.raises(KeyFileError, match="ConnectionError") as problem:
            KeyRing.open(source)
        assert "no route" not in str(problem.value)
        assert ring.key("k1", "wrap")  # what runs goes on
    finally:
        SERVICE.away = False


@pytest.mark.parametrize("name", ["nowhere", "no.such:thing", "os:nothing", "os:abort_"])
def test_a_key_service_that_is_not_there_is_refused(name):
    with pytest.raises(KeyFileError, match="cannot be used"):
        service_of(name)


def test_ids_go_on_where_they_ended():
    content = with_new_key(first_ring(), "k2")
    assert next_id(content) == "k3"
    assert next_id(type(content)("k2", {"k2": content.keys["k2"]}, {"k9": "", **content.made})) == "k10"


def test_tokens_tell_their_key_and_nothing_else():
    ring = KeyRing("k2", {"k1": b"1" * 32, "k2": b"2" * 32})
    made = token(ring, "phone", "+85512000000")
    assert tokens(ring, "phone", "+85512000000")[0] == made
    assert len(made) == len(nothing(ring)) == 32
    assert made[:4] == nothing(ring)[:4] == mark("k2")
    old, = {*tokens(ring, "phone", "+85512000000")} - {made}
    assert old[:4] == mark("k1")
    assert old[4:] != made[4:]
    assert token(ring, "match/victim/phone", "x")[4:] != token(ring, "match/police/phone", "x")[4:]
