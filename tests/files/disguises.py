"""Media files in disguise, made of bytes without any picture: the marks of each format, then noise."""

import base64
import hashlib
import io
import json
import struct
import zipfile
from collections.abc import Callable

from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject, NumberObject, StreamObject

from tests.files import papers


def noise(length: int, seed: str) -> bytes:
    """Bytes that mean nothing, the same each time."""
    found = b"".join(hashlib.sha256(f"{seed}{n}".encode()).digest() for n in range(length // 32 + 1))
    return found[:length]


def _media() -> dict[str, bytes]:
    """The first bytes of each format, by name, with noise behind."""
    heads = {
        "jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0",
        "exif": b"\xff\xd8\xff\xe1\0\x40Exif\0\0II*\0\x08\0\0\0",
        "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x02\0\0\0",
        "gif": b"GIF89a\x10\0\x10\0\xf0\0\0",
        "webp": b"RIFF\x24\x10\0\0WEBPVP8 ",
        "bmp": b"BM\x36\x10\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x10\0\0\0",
        "tiff": b"II*\0\x08\0\0\0\x0e\0",
        "tiff-be": b"MM\0*\0\0\0\x08\0\x0e",
        "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        "avif": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1",
        "jp2": b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 ",
        "jxl": b"\0\0\0\x0cJXL \r\n\x87\n",
        "cr2": b"II*\0\x10\0\0\0CR\x02\0",
        "raf": b"FUJIFILMCCD-RAW 0201",
        "psd": b"8BPS\0\x01\0\0\0\0\0\0\0\x03",
        "mp4": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
        "mov": b"\0\0\0\x14ftypqt  \0\0\0\0qt  ",
        "3gp": b"\0\0\0\x14ftyp3gp4\0\0\0\0isom",
        "webm": b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm",
        "avi": b"RIFF\x24\x10\0\0AVI LIST",
        "mkv": b"\x1a\x45\xdf\xa3\xa3\x42\x86\x81\x01\x42\x82\x88matroska",
        "wmv": b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c",
        "flv": b"FLV\x01\x05\0\0\0\x09",
        "mpeg": b"\0\0\x01\xba\x44\0\x04\0\x04\x01",
        "ogg": b"OggS\0\x02" + bytes(20),
        "mp3": b"ID3\x03\0\0\0\0\x10\0",
        "wav": b"RIFF\x24\x10\0\0WAVEfmt ",
        "flac": b"fLaC\0\0\0\x22",
        "amr": b"#!AMR\n",
        "m4a": b"\0\0\0\x18ftypM4A \0\0\0\0",
    }
    return {name: head + noise(3000, name) for name, head in heads.items()}


MEDIA = _media()
# Formats whose marks are long enough to be known in the middle of something else.
MARKED = (
    "jpeg",
    "exif",
    "png",
    "gif",
    "webp",
    "heic",
    "avif",
    "jp2",
    "mp4",
    "mov",
    "webm",
    "avi",
    "mkv",
    "wmv",
    "wav",
    "flac",
)


def _pdf_with(stream: StreamObject, **entries) -> bytes:
    made = PdfWriter(clone_from=PdfReader(io.BytesIO(papers.pdf())))
    for name, value in entries.items():
        stream[NameObject(f"/{name}")] = value
    made.pages[0][NameObject("/Extra")] = made._add_object(stream)
    out = io.BytesIO()
    made.write(out)
    return out.getvalue()


def _stream(data: bytes) -> DecodedStreamObject:
    made = DecodedStreamObject()
    made.set_data(data)
    return made


def _image(data: bytes, filter_name: str = "/DCTDecode") -> bytes:
    stream = _stream(data)
    return _pdf_with(
        stream,
        Type=NameObject("/XObject"),
        Subtype=NameObject("/Image"),
        Filter=NameObject(filter_name),
        Width=NumberObject(16),
        Height=NumberObject(16),
    )


def _attached(data: bytes) -> bytes:
    made = PdfWriter(clone_from=PdfReader(io.BytesIO(papers.pdf())))
    made.add_attachment("notes.txt", data)
    out = io.BytesIO()
    made.write(out)
    return out.getvalue()


def _plays(kind: str) -> bytes:
    made = PdfWriter(clone_from=PdfReader(io.BytesIO(papers.pdf())))
    annotation = DictionaryObject(
        {NameObject("/Type"): NameObject("/Annot"), NameObject("/Subtype"): NameObject(kind)}
    )
    made.pages[0][NameObject("/Extra")] = made._add_object(annotation)
    out = io.BytesIO()
    made.write(out)
    return out.getvalue()


def _in_gap(data: bytes) -> bytes:
    """A ZIP with bytes between its last member and its directory."""
    whole = papers.zipped({"a.txt": "honest"})
    at = whole.rindex(b"PK\x01\x02")
    end = len(whole) - 22
    place = struct.unpack("<I", whole[end + 16 : end + 20])[0]
    return whole[:at] + data + whole[at : end + 16] + struct.pack("<I", place + len(data)) + whole[end + 20 :]


def _commented(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "honest")
        archive.comment = data[:60_000]
    return out.getvalue()


def _extra_field(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("a.txt")
        info.extra = struct.pack("<HH", 0x7777, 900) + data[:900]
        archive.writestr(info, "honest")
    return out.getvalue()


# What is done to a media file; each makes something that is not one at first sight.
ANY: dict[str, Callable[[bytes], bytes]] = {
    "renamed": lambda m: m,
    "in a zip": lambda m: papers.zipped({"readme.txt": "text", "report.txt": m}),
    "stored in a zip": lambda m: papers.zipped({"readme.txt": "text", "report.pdf": m}, compressed=False),
    "in a zip in a zip": lambda m: papers.zipped({"a.zip": papers.zipped({"b.zip": papers.zipped({"c.txt": m})})}),
    "in word/media": lambda m: papers.docx(**{"word/media/image1.xml": m}),
    "in a sheet": lambda m: papers.xlsx(**{"xl/media/image1.png": m}),
    "in slides": lambda m: papers.pptx(**{"ppt/media/media1.mp4": m}),
    "in Pictures": lambda m: papers.open_document("text", **{"Pictures/1.xml": m}),
    "as printer settings": lambda m: papers.xlsx(**{"xl/printerSettings/printerSettings2.bin": m}),
    "attached to a mail": lambda m: papers.mail(("report.pdf", "application/pdf", m)),
    "in a zip in a mail": lambda m: papers.mail(("a.zip", "application/zip", papers.zipped({"a.csv": m}))),
    "base64 in JSON": lambda m: json.dumps({"data": base64.b64encode(m).decode()}).encode(),
    "base64 in XML": lambda m: b"<?xml version='1.0'?><a><b>" + base64.encodebytes(m) + b"</b></a>",
    "hexadecimal": lambda m: b"evidence: " + m.hex().encode(),
    "attached to a PDF": _attached,
    "stream of a PDF": lambda m: _pdf_with(_stream(m)),
    "packed stream of a PDF": lambda m: _pdf_with(_stream(m).flate_encode()),
}
LONG: dict[str, Callable[[bytes], bytes]] = {
    "behind a PDF": lambda m: papers.pdf() + m,
    "PDF behind it": lambda m: m + papers.pdf(),
    "behind a PDF and an end": lambda m: papers.pdf() + m + b"\n%%EOF\n",
    "between the objects of a PDF": lambda m: papers.pdf().replace(b"xref\n", b"%" + m + b"\nxref\n", 1),
    "before a zip": lambda m: m + papers.zipped({"a.txt": "honest"}),
    "behind a zip": lambda m: papers.zipped({"a.txt": "honest"}) + m,
    "in a zip's comment": _commented,
    "in a zip's gap": _in_gap,
    "in a zip's extra field": _extra_field,
    "data address": lambda m: b"<!doctype html><img src='data:image/png;base64," + base64.b64encode(m) + b"'>",
    "behind text": lambda m: b"A statement of several words.\n" * 400 + m,
    "behind a mark of UTF-16": lambda m: b"\xff\xfe" + m,
}


def single() -> dict[str, bytes]:
    """Disguises that are files of their own."""
    jpeg, exif = MEDIA["jpeg"], MEDIA["exif"]
    locked = bytearray(papers.zipped({"a.txt": "honest"}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(mark) + place] |= 1
    uu = b"\n".join(base64.b64encode(jpeg[n : n + 45]) for n in range(0, 900, 45))
    return {
        "camera picture in a PDF": _image(exif + b"\xff\xd9"),
        "cut picture in a PDF": _image(jpeg),
        "JPEG 2000 in a PDF": _image(MEDIA["jp2"], "/JPXDecode"),
        "film in a picture of a PDF": _image(jpeg + MEDIA["mp4"] + b"\xff\xd9"),
        "PNG in an unpacked picture": _image(MEDIA["png"], "/ASCIIHexDecode"),
        "film annotation": _plays("/Movie"),
        "rich media": _plays("/RichMedia"),
        "sound annotation": _plays("/Sound"),
        "SVG": b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'><path d='M0 0'/></svg>",
        "SVG in HTML": b"<!doctype html><body><svg><path d='M0 0'/></svg></body>",
        "uuencoded": b"begin 644 a.txt\nM" + uu + b"\nend\n",
        "yEnc": b"=ybegin line=128 size=9 name=a\nabc\n=yend size=9\n",
        "locked zip": bytes(locked),
        "gzip": b"\x1f\x8b\x08\0" + noise(500, "gz"),
        "7z": b"7z\xbc\xaf\x27\x1c" + noise(500, "7z"),
        "rar": b"Rar!\x1a\x07\0" + noise(500, "rar"),
        "tar": b"a.jpg" + bytes(252) + b"ustar\0" + noise(500, "tar"),
        "old Word": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + noise(3000, "ole"),
        "program": b"\x7fELF\x02\x01\x01" + noise(900, "elf"),
        "macros": papers.docx(**{"word/vbaProject.bin": b"\xd0\xcf\x11\xe0" + noise(900, "vba")}),
        "picture as thumbnail": papers.open_document("text", **{"Thumbnails/thumbnail.png": MEDIA["jpeg"]}),
        "large thumbnail": papers.open_document(
            "text",
            **{
                "Thumbnails/thumbnail.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x10\0\0\0\x10\0\x08\x02\0\0\0"
                + noise(90_000, "t")
                + b"\0\0\0\0IEND\xaeB`\x82"
            },
        ),
        "deep zip": _deep(6),
        "bomb": papers.zipped({"a.txt": b" " * (60 << 20)}),
        "many members": papers.zipped({f"{n}.txt": "" for n in range(5001)}),
        "climbing": papers.zipped({"../a.txt": "honest"}),
        "twice": _twice(),
        "empty": b"",
        "mail with a picture's type": papers.mail(("a.txt", "image/png", b"words")),
        "noise": noise(4000, "noise"),
        "a NUL in text": b"text\0text",
        "transport stream": (b"\x47\x40\0\x10" + bytes(184)) * 20,
        "netpbm": b"P6 16 16 255\n" + noise(768, "ppm"),
        "mp3 frames": b"\xff\xfb\x90\x64" + noise(2000, "mp3"),
    }


def _deep(levels: int) -> bytes:
    made = papers.zipped({"a.txt": "honest"})
    for _level in range(levels):
        made = papers.zipped({"a.zip": made})
    return made


def _twice() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "honest")
        archive.writestr("A.txt", "other")
    return out.getvalue()


def disguised() -> dict[str, bytes]:
    """All of them, by what was done to what."""
    found = single()
    for how, change in ANY.items():
        found |= {f"{name} {how}": change(media) for name, media in MEDIA.items()}
    for how, change in LONG.items():
        found |= {f"{name} {how}": change(MEDIA[name]) for name in MARKED}
    return found
