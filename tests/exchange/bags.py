"""A bag taken apart and put together again, for tests that change it; and the verifier's word on it."""

import contextlib
import hashlib
import io
import json
import zipfile
from pathlib import Path

from casework.verifier.casework_verify import main

Files = dict[str, bytes]
KINDS = ("sha256", "sha512")


def apart(data: bytes) -> tuple[str, Files]:
    """The folder and the files of an archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        root = names[0].partition("/")[0]
        return root, {name.removeprefix(f"{root}/"): archive.read(name) for name in names}


def together(root: str, files: Files) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in files.items():
            archive.writestr(f"{root}/{name}", data)
    return made.getvalue()


def relist(files: Files, *, payload: bool = False) -> None:
    """Write the manifests anew, as whoever changes a bag with care would: those of the tag files, and with `payload`
    those of the payload with its size as well."""
    held = [name for name in files if name.startswith("data/")]
    if payload:
        for kind in KINDS:
            files[f"manifest-{kind}.txt"] = _list(files, kind, held)
        size = sum(len(files[name]) for name in held)
        set_label(files, "Payload-Oxum", f"{size}.{len(held)}")
    tags = [name for name in files if not name.startswith(("data/", "tagmanifest-"))]
    for kind in KINDS:
        files[f"tagmanifest-{kind}.txt"] = _list(files, kind, tags)


def _list(files: Files, kind: str, names: list[str]) -> bytes:
    return "".join(f"{hashlib.new(kind, files[name]).hexdigest()}  {name}\n" for name in sorted(names)).encode()


def set_label(files: Files, label: str, value: str | None) -> None:
    """Change a line of bag-info.txt, or take it out."""
    lines = [line for line in files["bag-info.txt"].decode().splitlines() if not line.startswith(f"{label}:")]
    if value is not None:
        lines.append(f"{label}: {value}")
    files["bag-info.txt"] = ("\n".join(lines) + "\n").encode()


def verdict(path: Path, *keys: str) -> dict:
    """The verifier's report."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        code = main(["bag", str(path), "--json", *(word for key in keys for word in ("--key", key))])
    report = json.loads(told.getvalue())
    assert report["exit"] == code
    return report
