"""Bodies of requests: their size before and after decompression, their depth, their compression."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import zstandard

from crm_core.errors import Refused
from crm_core.i18n import tr_noop
from crm_core.values import VALUE_DEPTH_MAX
from crm_core.wire import JSON_DEPTH_MAX

ZSTD_LEVEL = 3
CHUNK_BYTES = 64 * 1024
_ESCAPES = re.compile(rb"\\.", re.DOTALL)
_STRINGS = re.compile(rb'"[^"]*"')
_ALIKE = bytes.maketrans(b"{}", b"[]")
_OTHERS = bytes(set(range(256)).difference(b'[]{}"'))


@dataclass(frozen=True, slots=True)
class Limit:
    """How many bytes a message may hold, packed or plain; `name` is told to whoever sends more."""

    name: str
    most: int

    def exceeded(self) -> Refused:
        """What whoever goes beyond is told."""
        words = tr_noop("The message is too large.")
        return Refused("request.too_large", words, limit=self.name, most=self.most)


def unpack(body: bytes, encoding: str, limit: Limit) -> bytes:
    """The plain body; raises Refused where it is too large or not whole in the encoding named."""
    if encoding in ("", "identity"):
        return body
    if encoding != "zstd":
        raise Refused("request.malformed", tr_noop("Unknown content encoding."))
    try:
        with zstandard.ZstdDecompressor(max_window_size=1 << 23).stream_reader(body) as reader:
            plain = reader.read(limit.most + 1)
    except zstandard.ZstdError as error:
        raise Refused("request.malformed", tr_noop("The body is not zstd.")) from error
    if len(plain) > limit.most:
        raise limit.exceeded()
    return plain


def check_depth(body: bytes) -> None:
    """Refuse JSON nested deeper than any message of ours with the deepest value inside."""
    plain = _ESCAPES.sub(b"", body) if b"\\" in body else body
    # Two quotes side by side hold nothing, be they one text's or the end of one and the next's.
    brackets = _STRINGS.sub(b"", plain.translate(_ALIKE, _OTHERS).replace(b'""', b""))
    for _ in range(JSON_DEPTH_MAX + VALUE_DEPTH_MAX):
        outer = brackets.replace(b"[]", b"")
        if outer == brackets:
            return  # nothing is left, or the pairs do not match: the parser will say so
        brackets = outer
    if brackets:
        raise Refused("request.malformed", tr_noop("The message is nested too deeply."))


def pack(body: bytes, accepted: str) -> tuple[bytes, dict[str, str]]:
    """A body in a form that the client accepts, with the headers that say so."""
    if "zstd" not in accepted:
        return body, {}
    return zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(body), {"Content-Encoding": "zstd"}


def gathered(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines in chunks large enough to be worth sending."""
    held: list[bytes] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size >= CHUNK_BYTES:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


def resumed(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    """Chunks of which the first has been looked at already."""
    yield first
    yield from rest


def packed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Chunks as one zstd stream; each can be read as soon as it arrives."""
    compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL).compressobj()
    for chunk in chunks:
        yield compressor.compress(chunk) + compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    yield compressor.flush()
