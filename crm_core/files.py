"""Attached files: how large, how named, how told apart, and which may be opened."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

FILE_BYTES_MAX = 100 * 1024 * 1024
"""A long video is larger, and belongs elsewhere. A server's own limit may differ."""

CHUNK_BYTES_MIN = 1024 * 1024
CHUNK_BYTES_MAX = 8 * 1024 * 1024
"""A file travels in pieces of this size: small for a bad line, large for a good one."""

NAME_BYTES_MAX = 200
"""File systems take 255 bytes; copies get a number, downloads an ending."""
ENDING_BYTES_MAX = 20
"""What is longer behind a dot is no ending."""

_HASH = re.compile(r"[0-9a-f]{64}\Z")
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_RESERVED = re.compile(
    r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|COM[0-9¹²³]|LPT[0-9¹²³])\Z", re.IGNORECASE
)
_INVISIBLE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
NAMELESS = "file"

OPENED = frozenset((
    "jpg", "jpeg", "png", "gif", "webp", "bmp", "tif", "tiff", "heic", "heif", "pdf", "txt", "csv",
    "md", "log", "rtf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "odp", "wps",
    "et", "dps", "mp3", "m4a", "aac", "ogg", "opus", "oga", "wav", "flac", "amr", "mp4", "m4v",
    "mov", "avi", "mkv", "webm", "3gp", "ics", "vcf", "eml",
))  # fmt: skip
"""Endings of what may be handed to another program. Anything else may be a program, a script or a
shortcut: it is saved where a person says, and never opened."""

_OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
_OFFICE = "application/vnd.openxmlformats-officedocument"
_TYPES: Mapping[str, str] = {
    "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif",
    "webp": "image/webp", "bmp": "image/bmp", "tif": "image/tiff", "tiff": "image/tiff",
    "heic": "image/heic", "heif": "image/heif", "pdf": "application/pdf", "txt": "text/plain",
    "csv": "text/csv", "md": "text/markdown", "rtf": "application/rtf", "ics": "text/calendar",
    "vcf": "text/vcard", "eml": "message/rfc822", "zip": "application/zip",
    "doc": "application/msword", "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint", "docx": f"{_OFFICE}.wordprocessingml.document",
    "xlsx": f"{_OFFICE}.spreadsheetml.sheet", "pptx": f"{_OFFICE}.presentationml.presentation",
    "odt": f"{_OPEN_DOCUMENT}.text", "ods": f"{_OPEN_DOCUMENT}.spreadsheet",
    "odp": f"{_OPEN_DOCUMENT}.presentation", "mp3": "audio/mpeg", "m4a": "audio/mp4",
    "aac": "audio/aac", "ogg": "audio/ogg", "opus": "audio/opus", "wav": "audio/wav",
    "flac": "audio/flac", "amr": "audio/amr", "mp4": "video/mp4", "mov": "video/quicktime",
    "webm": "video/webm", "3gp": "video/3gpp",
}  # fmt: skip
"""Types by ending, the same on every computer."""

PICTURES = frozenset(("jpg", "jpeg", "png", "gif", "webp", "bmp", "tif", "tiff"))
"""Endings of what may have a thumbnail."""


def is_hash(text: object) -> bool:
    """Whether a text is a file's SHA-256 as 64 small hexadecimal digits."""
    return isinstance(text, str) and _HASH.match(text) is not None


def clean_name(name: str) -> str:
    """A name that is a label and nothing more: no path, no invisible or reversing characters, no
    name that a system keeps for itself, at most `NAME_BYTES_MAX` bytes of UTF-8."""
    base = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    seen = "".join(" " if x.isspace() else x for x in base if x.isspace() or _is_seen(x))
    plain = _FORBIDDEN.sub("_", " ".join(seen.split())).strip(" .") or NAMELESS
    stem, dot, ending = plain.partition(".")
    if _RESERVED.match(stem.rstrip()):
        plain = f"_{stem}{dot}{ending}"
    return _shortened(plain)


def _is_seen(letter: str) -> bool:
    return unicodedata.category(letter) not in _INVISIBLE


def _shortened(name: str) -> str:
    if len(name.encode()) <= NAME_BYTES_MAX:
        return name
    stem, dot, ending = name.rpartition(".")
    tail = f".{ending}" if dot and stem and len(ending.encode()) <= ENDING_BYTES_MAX else ""
    kept = (stem if tail else name).encode()[: NAME_BYTES_MAX - len(tail.encode())]
    return kept.decode(errors="ignore").rstrip(" .") + tail


def ending_of(name: str) -> str:
    """The ending of a name in small letters, without its dot; "" where it has none."""
    stem, dot, ending = clean_name(name).rpartition(".")
    return ending.lower() if dot and stem else ""


def may_be_opened(name: str) -> bool:
    """Whether a file of this name may be handed to the program that opens its like."""
    return ending_of(name) in OPENED


def is_picture(name: str) -> bool:
    """Whether a file of this name may be shown as a picture."""
    return ending_of(name) in PICTURES


def type_of(name: str) -> str:
    """The type of a file by its name, as "image/jpeg" (RFC 6838); "" where nobody knows."""
    return _TYPES.get(ending_of(name), "")
