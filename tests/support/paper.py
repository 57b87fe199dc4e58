"""What stands in a PDF: how many pages, and which letters its fonts show."""

from __future__ import annotations

import re
import zlib


def pages(pdf: bytes) -> int:
    """How many pages there are."""
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))


def lacking(pdf: bytes, letters: str) -> str:
    """Those of the letters that no embedded font has a glyph for."""
    assert re.search(rb"/FontFile\d?\b", pdf)
    texts = [_inflated(part) for part in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.S)]
    mapped = b" ".join(part for part in texts if b"beginbfchar" in part or b"beginbfrange" in part)
    return "".join(x for x in letters if f"{ord(x):04X}".encode() not in mapped.upper())


def _inflated(stream: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(stream)
    except zlib.error:
        return stream
