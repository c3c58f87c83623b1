"""Honest documents, made of bytes: of every kind that is taken, as the usual programs write them."""

import io
import json
import zipfile
from email.message import EmailMessage

from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

WORDS = "Report of the provider (fictional). ខ្មែរ របាយការណ៍។ "
XML = '<?xml version="1.0" encoding="UTF-8"?>'


def pdf(pages: int = 1, words: str = "Report (fictional)") -> bytes:
    """Pages with a line of text."""
    made = PdfWriter()
    for number in range(pages):
        page = made.add_blank_page(595, 842)
        content = DecodedStreamObject()
        content.set_data(f"BT /F1 12 Tf 72 700 Td ({words} {number + 1}) Tj ET".encode("latin-1"))
        font = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Font"),
                NameObject("/Subtype"): NameObject("/Type1"),
                NameObject("/BaseFont"): NameObject("/Helvetica"),
            }
        )
        page[NameObject("/Contents")] = made._add_object(content.flate_encode() if number % 2 else content)
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F1"): made._add_object(font)})}
        )
    out = io.BytesIO()
    made.write(out)
    return out.getvalue()


def zipped(members: dict[str, bytes | str], *, stored: tuple[str, ...] = (), compressed: bool = True) -> bytes:
    """A ZIP archive of members in order."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            kind = zipfile.ZIP_STORED if name in stored else None
            archive.writestr(name, data, compress_type=kind)
    return out.getvalue()


def docx(text: str = WORDS, **more: bytes) -> bytes:
    return zipped(
        {
            "[Content_Types].xml": XML + "<Types/>",
            "_rels/.rels": XML + "<Relationships/>",
            "word/document.xml": f"{XML}<w:document><w:body><w:p><w:t>{text}</w:t></w:p></w:body></w:document>",
            "word/styles.xml": XML + "<w:styles/>",
            "docProps/core.xml": XML + "<cp:coreProperties/>",
            **more,
        }
    )


def xlsx(rows: int = 5, **more: bytes) -> bytes:
    cells = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, rows + 1))
    return zipped(
        {
            "[Content_Types].xml": XML + "<Types/>",
            "_rels/.rels": XML + "<Relationships/>",
            "xl/workbook.xml": XML + "<workbook/>",
            "xl/worksheets/sheet1.xml": f"{XML}<worksheet><sheetData>{cells}</sheetData></worksheet>",
            "xl/printerSettings/printerSettings1.bin": b"\0\0P\0r\0i\0n\0t\0e\0r\0" + bytes(200),
            **more,
        }
    )


def pptx(**more: bytes) -> bytes:
    return zipped(
        {
            "[Content_Types].xml": XML + "<Types/>",
            "ppt/presentation.xml": XML + "<p:presentation/>",
            "ppt/slides/slide1.xml": f"{XML}<p:sld>{WORDS}</p:sld>",
            **more,
        }
    )


def open_document(kind: str = "text", **more: bytes) -> bytes:
    return zipped(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "Configurations2/accelerator/current.xml": b"",
            "content.xml": f"{XML}<office:document-content><text:p>{WORDS}</text:p></office:document-content>",
            "meta.xml": XML + "<office:document-meta/>",
            "layout-cache": b"\x01\0\0\x05" + bytes(60),
            "META-INF/manifest.xml": XML + "<manifest:manifest/>",
            **more,
        },
        stored=("mimetype",),
    )


def mail(*attached: tuple[str, str, bytes], text: str = WORDS) -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = "provider@example.org", "police@example.test"
    message["Subject"], message["Date"] = "Answer to request 7", "Mon, 02 Mar 2026 09:00:00 +0700"
    message.set_content(text)
    for name, kind, data in attached:
        main, _, sub = kind.partition("/")
        message.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()


def texts() -> dict[str, bytes]:
    """Texts of several kinds, languages and ways of writing, by name."""
    hashes = "".join(f"{n:064x},file-{n}.bin\n" for n in range(7, 400, 3))
    return {
        "khmer.txt": ("សួស្តី នេះជាកំណត់ហេតុ។\n" * 50).encode(),
        "english.txt": b"A statement (fictional).\r\n" * 80,
        "bom.txt": "﻿Statement with a mark in front.\n".encode(),
        "utf16.txt": (WORDS * 20).encode("utf-16"),
        "old.txt": "Déclaration du témoin – reçu le 3 mars\n".encode("cp1252") * 9,
        "one.txt": b"x",
        "list.csv": "ឈ្មោះ,number\nសុខ,0120000010\n".encode() * 30,
        "hashes.csv": hashes.encode(),
        "semicolon.csv": b"a;b;c\r\n1;2;3\r\n",
        "tabs.csv": b"a\tb\n1\t2\n",
        "quoted.csv": b'"a","b"\n"1, 2","3"\n',
        "report.json": json.dumps({"reports": [{"id": n, "text": WORDS} for n in range(20)]}).encode(),
        "list.json": b"[1, 2, 3]",
        "tokens.json": json.dumps({"token": "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo" * 9}).encode(),
        "report.xml": f"{XML}<report><id>7</id><text>{WORDS}</text></report>".encode(),
        "bare.xml": b"<report><a/></report>",
        "page.html": b"<!doctype html><html><body><h1>Answer</h1><p>Text</p></body></html>",
        "log.txt": b"2026-03-02T09:00:00Z 192.0.2.7 login ok\n" * 200,
        "headers.txt": b"Received: from mail.example.org\nby mx.example.test\n\n",
        "key.txt": b"-----BEGIN PUBLIC KEY-----\n"
        + b"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf3Qx5nP2wB7vYt9aLkUcZ0m1\n" * 6
        + b"-----END PUBLIC KEY-----\n",
        "hexlines.txt": b"".join(b"%064x\n" % (n * 7919) for n in range(1, 300)),
    }


def honest() -> dict[str, bytes]:
    """A hundred documents and more, by name."""
    found = dict(texts())
    for pages in range(1, 16):
        found[f"report{pages}.pdf"] = pdf(pages)
    for number in range(15):
        found[f"letter{number}.docx"] = docx(WORDS * (number + 1))
        found[f"table{number}.xlsx"] = xlsx(5 + number * 40)
    for number in range(4):
        found[f"slides{number}.pptx"] = pptx(**{f"ppt/slides/slide{number + 2}.xml": XML.encode() + b"<p:sld/>"})
    for kind in ("text", "spreadsheet", "presentation"):
        for number in range(3):
            found[f"{kind}{number}.odf"] = open_document(kind, **{f"extra{number}.xml": XML.encode() + b"<a/>"})
    for number in range(16):
        found[f"mail{number}.eml"] = mail(text=WORDS * (number + 1))
    found["mail-pdf.eml"] = mail(("answer.pdf", "application/pdf", pdf()))
    found["mail-two.eml"] = mail(
        ("a.docx", "application/octet-stream", docx()), ("b.csv", "text/csv", b"a,b\n1,2\n")
    )
    found["mail-big.eml"] = mail(("list.csv", "text/csv", texts()["hashes.csv"] * 20))
    for number in range(4):
        found[f"bundle{number}.zip"] = zipped(
            {"readme.txt": WORDS, f"part{number}/report.pdf": pdf(), "part/table.xlsx": xlsx(), "empty.txt": b""},
            compressed=number % 2 == 0,
        )
    found["nested.zip"] = zipped({"inner.zip": zipped({"a.txt": WORDS, "b.docx": docx()})})
    found["folders.zip"] = zipped({"a/": b"", "a/b.txt": WORDS})
    found["embedded.docx"] = docx(**{"word/embeddings/table.xlsx": xlsx()})
    return found
