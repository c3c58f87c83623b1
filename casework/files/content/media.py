"""Marks by which pictures, sounds and films are known: at the beginning of a file, and anywhere in one.

The marks are those of the formats' own specifications. Those looked for anywhere are long enough (six bytes and more)
that no ordinary document holds one by chance.
"""

import re

# (where it stands, bytes, what it is)
_START = (
    (0, b"\xff\xd8\xff", "JPEG"), (0, b"\x89PNG", "PNG"), (0, b"\x8aMNG", "MNG"), (0, b"\x8bJNG", "JNG"),
    (0, b"GIF8", "GIF"), (0, b"II*\0", "TIFF or camera raw"), (0, b"MM\0*", "TIFF or camera raw"),
    (0, b"II+\0", "BigTIFF"), (0, b"MM\0+", "BigTIFF"), (0, b"IIRO", "camera raw"), (0, b"IIRS", "camera raw"),
    (0, b"IIU\0", "camera raw"), (0, b"II\x1a\0\0\0HEAPCCDR", "camera raw"), (0, b"FOVb", "camera raw"),
    (0, b"FUJIFILM", "camera raw"), (0, b"\0MRM", "camera raw"), (0, b"ARRI", "camera raw"), (0, b"8BPS", "PSD"),
    (0, b"\0\0\0\x0cjP  ", "JPEG 2000"), (0, b"\xff\x4f\xff\x51", "JPEG 2000"), (0, b"\0\0\0\x0cJXL ", "JPEG XL"),
    (0, b"\xff\x0a", "JPEG XL"), (0, b"\0\0\x01\0", "icon"), (0, b"\0\0\x02\0", "cursor"), (0, b"BPG\xfb", "BPG"),
    (0, b"qoif", "QOI"), (0, b"FLIF", "FLIF"), (0, b"gimp xcf", "XCF"), (0, b"AT&TFORM", "DjVu"),
    (0, b"\xd7\xcd\xc6\x9a", "WMF"), (0, b"\x01\0\x09\0\0\x03", "WMF"), (40, b" EMF", "EMF"),
    (0, b"%!PS", "PostScript"), (0, b"\xc5\xd0\xd3\xc6", "EPS"), (128, b"DICM", "DICOM"), (0, b"SIMPLE  =", "FITS"),
    (0, b"v/1\x01", "OpenEXR"), (0, b"#?RADIANCE", "HDR"), (0, b"DDS ", "DDS"), (0, b"\xabKTX", "KTX"),
    (0, b"CPT9FILE", "drawing"), (0, b"\x59\xa6\x6a\x95", "Sun raster"), (0, b"\x01\xda\x01", "SGI"),
    (0, b"CWS", "Flash"), (0, b"FWS", "Flash"), (0, b"ZWS", "Flash"),
    (4, b"ftyp", "film or HEIF picture"), (4, b"moov", "film"), (4, b"mdat", "film"), (4, b"wide", "film"),
    (4, b"pnot", "film"), (0, b"\x1a\x45\xdf\xa3", "Matroska or WebM film"), (0, b"OggS", "Ogg"),
    (0, b"FLV\x01", "Flash film"), (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media"),
    (0, b"\0\0\x01\xba", "MPEG film"), (0, b"\0\0\x01\xb3", "MPEG film"), (0, b"\0\0\0\x01\x67", "H.264 film"),
    (0, b"\0\0\0\x01\x40\x01", "H.265 film"), (0, b"DKIF", "IVF film"), (0, b"YUV4MPEG2", "YUV film"),
    (0, b".RMF", "RealMedia"), (0, b".ra\xfd", "RealAudio"), (0, b"NUTM", "NUT film"),
    (0, b"nut/multimedia", "NUT film"),
    (0, b"\x06\x0e\x2b\x34\x02\x05\x01\x01", "MXF film"), (0, b"\xb7\xd8\0\x20", "Windows TV recording"),
    (0, b"RIFF", "RIFF picture, sound or film"), (0, b"RIFX", "RIFF"), (0, b"RF64", "WAVE sound"),
    (0, b"FORM", "IFF picture or sound"), (0, b"ID3", "MP3 sound"), (0, b"fLaC", "FLAC sound"), (0, b"MThd", "MIDI"),
    (0, b"#!AMR", "AMR sound"), (0, b"caff", "CAF sound"), (0, b".snd", "AU sound"), (0, b"MAC ", "Monkey's Audio"),
    (0, b"wvpk", "WavPack"), (0, b"TTA1", "TTA sound"), (0, b"DSD ", "DSD sound"), (0, b"FRM8", "DSD sound"),
    (0, b"ADIF", "AAC sound"), (0, b"#!SILK", "SILK sound"), (0, b"\x02#!SILK", "SILK sound"),
)
# Frames of MPEG sound begin with eleven bits set; those of AAC too.
_SOUND_FRAME = re.compile(rb"\xff[\xe2-\xe7\xf2-\xf7\xfa\xfb\xf0\xf1\xf8\xf9][\x10-\xef]")
# (how the mark begins, what follows, what it is). The beginning is looked for first: a hundred times faster.
_ANYWHERE = tuple((begins, re.compile(re.escape(begins) + rest, re.DOTALL), what) for begins, rest, what in (
    (b"\xff\xd8\xff", rb"[\xe0-\xef\xdb\xee]..(?:JFIF\0|Exif\0|ICC_PR|Adobe|http:/|\0)", "JPEG"),
    (b"\xff\xd8\xff\xdb\0", rb"[\x43\x84\xc5]", "JPEG"), (b"\x89PNG\r\n\x1a\n", b"", "PNG"),
    (b"GIF8", rb"[79]a..[\0-\x20].", "GIF"),
    (b"RIFF", rb"....(?:WEBP|AVI |WAVE|AVIX|RMID|ACON|CDXA)", "RIFF picture, sound or film"),
    (b"ftyp", rb"(?:isom|iso[2-9]|mp4[12]|avc1|qt  |M4[AVPB] |3g[p2][4-9ab]|3gp6|heic|heix|hevc|heim|mif1|msf1|avif"
              rb"|avis|crx |dash|f4v |MSNV|mmp4|jp2 |jpx )", "film or HEIF picture"),
    (b"\x1a\x45\xdf\xa3", rb".{1,60}(?:webm|matroska)", "Matroska or WebM film"), (b"OggS\0\x02", rb".{20}", "Ogg"),
    (b"fLaC\0\0\0\x22", b"", "FLAC sound"), (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", b"", "Windows Media"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", b"", "JPEG 2000"), (b"\xff\x4f\xff\x51\0", rb"[\x29-\x60]", "JPEG 2000"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", b"", "JPEG XL"), (b"AT&TFORM", rb"....DJV[UM]", "DjVu"),
    (b"FORM", rb"....(?:AIFF|AIFC|ILBM)", "IFF picture or sound"),
    (b"\0\0\x01\xba", rb"[\x21-\x7f].{3,8}\0\0\x01\xbb", "MPEG film"),
    (b"II*\0\x10\0\0\0CR\x02\0", b"", "camera raw"), (b"FUJIFILMCCD-RAW", b"", "camera raw"),
    (b"FLV\x01", rb"[\x01\x04\x05]\0\0\0\x09", "Flash film"), (b"#!AMR", rb"(?:-WB)?\n", "AMR sound"),
    (b".RMF\0\0\0\x12", b"", "RealMedia"), (b"8BPS\0\x01", rb"\0{6}", "PSD"), (b"TRUEVISION-XFILE.\0", b"", "TGA"),
))


def at_start(head: bytes) -> str | None:
    """What the first bytes of a file say it is, if that is a picture, a sound or a film."""
    for place, mark, what in _START:
        if head.startswith(mark, place):
            return what
    if _bitmap(head):
        return "BMP"
    if _SOUND_FRAME.match(head) and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "MPEG sound"
    if head[:1] == b"\x47" and len(head) > 376 and head[188:189] == head[376:377] == b"\x47" and b"\0" in head[:376]:
        return "MPEG film"
    if re.match(rb"P[1-7]\s+(?:#[^\n]*\n)?\d+\s+\d+\s", head):
        return "Netpbm"
    return None


def _bitmap(head: bytes) -> bool:
    return head[:2] == b"BM" and head[6:10] == b"\0\0\0\0" and head[14:18] in (
        b"\x0c\0\0\0", b"\x28\0\0\0", b"\x34\0\0\0", b"\x38\0\0\0", b"\x6c\0\0\0", b"\x7c\0\0\0", b"\x40\0\0\0")


def anywhere(data: bytes) -> str | None:
    """A picture, sound or film whose beginning stands somewhere in the bytes."""
    for begins, mark, what in _ANYWHERE:
        place = data.find(begins)
        while place >= 0:
            if mark.match(data, place):
                return what
            place = data.find(begins, place + 1)
    return None
