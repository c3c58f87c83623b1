"""Any S3-compatible store. Ciphertext only leaves this machine, under names that say nothing.

boto3 signs, checks and tries again. A name is the hash of the bytes, so that writing it twice changes nothing. With
`lock_days` each object is locked (Object Lock, compliance mode), where the bucket was made with it: then nobody,
whoever holds which key, removes it before that time.
"""

import base64
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from casework.db.base import now

from .store import ADDRESS, Missing, NoSpace, StoreProblem

PART = 16 << 20  # of objects that are longer; each part is checked by the store and sent again by itself
SECONDS = 20
TRIES = 5
ABSENT = ("404", "NoSuchKey", "NotFound")
KEPT_ALREADY = ("PreconditionFailed", "412", "ConditionalRequestConflict")
FULL = ("QuotaExceeded", "507", "XMinioStorageFull", "InsufficientStorage")


@dataclass
class Bucket:
    """Where the bucket is, and who asks. `endpoint` is "" for the provider's own."""

    endpoint: str
    name: str
    region: str
    access_key: str
    secret_key: str = field(repr=False)
    lock_days: int = 0


class S3:
    """The objects of a bucket, below `files/`."""

    def __init__(self, bucket: Bucket, *, tries: int = TRIES, seconds: float = SECONDS):
        import boto3  # slow to import, and only needed where a bucket is configured
        from botocore.config import Config

        self._bucket = bucket
        self._s3: Any = boto3.client(
            "s3", endpoint_url=bucket.endpoint or None, region_name=bucket.region,
            aws_access_key_id=bucket.access_key, aws_secret_access_key=bucket.secret_key,
            config=Config(
                retries={"mode": "standard", "total_max_attempts": tries}, connect_timeout=seconds,
                read_timeout=seconds, s3={"addressing_style": "path"}, signature_version="s3v4",
            ),
        )

    def _key(self, address: str) -> str:
        if not ADDRESS.fullmatch(address):
            raise ValueError("no address")
        return f"files/{address[:2]}/{address}"

    def put(self, address: str, source: Path) -> None:
        size = source.stat().st_size
        with _problems(), open(source, "rb") as file:
            if self._has(address, size):
                return
            if size <= PART:
                self._whole(address, file.read())
            else:
                self._in_parts(address, file)

    def _has(self, address: str, size: int) -> bool:
        try:
            return self.size(address) == size
        except Missing:
            return False

    def _named(self, address: str) -> dict[str, str]:
        return {"Bucket": self._bucket.name, "Key": self._key(address)}

    def _locked(self) -> dict[str, Any]:
        if not self._bucket.lock_days:
            return {}

        until = now() + dt.timedelta(days=self._bucket.lock_days)
        return {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}

    def _whole(self, address: str, body: bytes) -> None:
        digest = base64.b64encode(bytes.fromhex(address)).decode()
        self._s3.put_object(**self._named(address), Body=body, ChecksumSHA256=digest, **self._locked())

    def _in_parts(self, address: str, file) -> None:
        begun = self._s3.create_multipart_upload(
            **self._named(address), ChecksumAlgorithm="SHA256", **self._locked())["UploadId"]
        upload = {**self._named(address), "UploadId": begun}
        try:
            parts = []
            while body := file.read(PART):
                number = len(parts) + 1
                sent = self._s3.upload_part(**upload, PartNumber=number, Body=body, ChecksumAlgorithm="SHA256")
                parts.append({"PartNumber": number, "ETag": sent["ETag"],
                              **{k: v for k, v in sent.items() if k == "ChecksumSHA256"}})
            self._s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
        except BaseException:
            # Parts of what was given up would lie there, and cost, for ever.
            with _quietly():
                self._s3.abort_multipart_upload(**upload)
            raise

    def read(self, address: str, start: int, length: int) -> bytes:
        with _problems():
            try:
                got = self._s3.get_object(**self._named(address), Range=f"bytes={start}-{start + length - 1}")
                return got["Body"].read()
            except Exception as problem:
                if _code(problem) == "InvalidRange":
                    return b""
                raise

    def size(self, address: str) -> int:
        with _problems():
            return self._s3.head_object(**self._named(address))["ContentLength"]

    def delete(self, address: str) -> None:
        with _problems():
            self._s3.delete_object(**self._named(address))

    def objects(self) -> Iterator[tuple[str, float]]:
        with _problems():
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket.name, Prefix="files/")
            for page in pages:
                for one in page.get("Contents", ()):
                    address = one["Key"].rpartition("/")[2]
                    if ADDRESS.fullmatch(address):
                        yield address, one["LastModified"].timestamp()


def _code(problem: Exception) -> str:
    return str(getattr(problem, "response", {}).get("Error", {}).get("Code", ""))


@contextmanager
def _problems() -> Iterator[None]:
    """Turns what the library says into the words of a store."""
    from botocore.exceptions import BotoCoreError, ClientError
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ClientError as problem:
        if _code(problem) in ABSENT:
            raise Missing("the file is not in the bucket") from None
        if _code(problem) in FULL:
            raise NoSpace("the bucket is full") from None
        raise StoreProblem(f"the bucket refused: {_code(problem)}") from None
    except (BotoCoreError, HTTPError, OSError) as problem:
        raise StoreProblem(f"the bucket does not answer: {type(problem).__name__}") from None


@contextmanager
def _quietly() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError, OSError):
        return
