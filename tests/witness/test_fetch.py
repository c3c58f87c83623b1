"""The log speaks over https with whom the machine trusts, and with nobody else."""

import datetime as dt
import ipaddress
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from casework.audit.fetch import Unreachable, post
from tests.witness.liar import Answering


@pytest.fixture
def certificate(tmp_path):
    """A certificate for this machine that no authority has signed, with its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(made.public_bytes(Encoding.PEM)
                     + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


@pytest.fixture
def secure(certificate):
    """The port of an https server with it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Answering(lambda _body: (200, {"Content-Type": "text/plain"}, b"here")) as server:
        server.handle_error = lambda *args: None
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_a_certificate_that_nobody_vouches_for(secure):
    with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
        post(f"https://127.0.0.1:{secure}/", b"", "text/plain")


def test_a_certificate_of_an_authority_of_the_machine(secure, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert post(f"https://127.0.0.1:{secure}/", b"", "text/plain").body == b"here"
    with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
        post(f"https://localhost:{secure}/", b"", "text/plain")


def test_nobody_there():
    with pytest.raises(Unreachable):
        post("http://127.0.0.1:9/", b"", "text/plain")
