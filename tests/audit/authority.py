"""An authority of time on this machine: `openssl ts`, with a root and a certificate made for the test."""

import datetime as dt
import subprocess
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CONFIG = """
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
signer_cert = {folder}/signer.pem
signer_key = {folder}/signer.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = {digests}
accuracy = secs:1
ess_cert_id_alg = sha256
"""


class TimeAuthority:
    """`root` is the file that its clients trust; `reply` answers a query, in DER."""

    def __init__(self, folder: Path, digests: str = "sha256"):
        folder.mkdir()
        self.folder, self.root = folder, folder / "root.pem"
        key, signer_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        root = _name("Invented root")
        self.root.write_bytes(
            _certificate(root, root, key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        (folder / "signer.pem").write_bytes(
            _certificate(_name("Invented time"), root, signer_key.public_key())
            .add_extension(usage, critical=True)
            .sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
        (folder / "signer.key").write_bytes(
            signer_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        (folder / "serial").write_text("01\n")
        (folder / "ts.cnf").write_text(CONFIG.format(folder=folder, digests=digests))

    def reply(self, query: bytes) -> bytes:
        (self.folder / "query").write_bytes(query)
        openssl("-reply", "-config", self.folder / "ts.cnf", "-queryfile", self.folder / "query",
                "-out", self.folder / "reply")
        return (self.folder / "reply").read_bytes()


def openssl(*arguments: str | Path) -> str:
    """What `openssl ts` says; fails when it does."""
    done = subprocess.run(["openssl", "ts", *map(str, arguments)], capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(subject, issuer, public) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=30))
    )
