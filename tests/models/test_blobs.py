"""Contents of attached files at rest: sealed, told apart, checked, and never half there."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path

import pytest

from crm_core.errors import NotFound, Unavailable, UserProblem
from crm_desktop.models.blobs import FRAME_BYTES, HEAD_BYTES, Blobs, FileDamaged
from tests.models.support import KEY

WORDS = b"the planted words of a customer "
SIZES = (0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 3 * FRAME_BYTES)


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "files", KEY)


def too_large() -> Exception:
    return UserProblem("too large")


def put(blobs: Blobs, content: bytes) -> str:
    taken = blobs.take(io.BytesIO(content), 1 << 40, too_large)
    blobs.place(taken)
    assert taken.size == len(content)
    return taken.sha256


def of_size(size: int) -> bytes:
    return (WORDS * (size // len(WORDS) + 1))[:size]


@pytest.mark.parametrize("size", SIZES)
def test_what_is_put_in_comes_out_again(blobs: Blobs, tmp_path: Path, size: int) -> None:
    content = of_size(size)
    name = put(blobs, content)
    assert name == hashlib.sha256(content).hexdigest()
    assert blobs.size(name) == size
    assert blobs.read(name, size) == content
    blobs.copy_out(name, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == content
    assert (tmp_path / "out").stat().st_mode & 0o77 == 0 or os.name == "nt"


def test_nothing_of_a_file_lies_in_clear_not_even_its_fingerprint(blobs: Blobs) -> None:
    name = put(blobs, of_size(FRAME_BYTES + 10))
    (path,) = [one for one in blobs.folder.rglob("*") if one.is_file()]
    assert WORDS not in path.read_bytes()
    assert name not in str(path)
    assert not Blobs(blobs.folder, bytes(32)).has(name)


def test_the_same_content_twice_is_sealed_anew(blobs: Blobs) -> None:
    name = put(blobs, WORDS)
    before = blobs.path(name).read_bytes()
    assert put(blobs, WORDS) == name
    assert blobs.path(name).read_bytes()[HEAD_BYTES:] != before[HEAD_BYTES:]


@pytest.mark.parametrize("at", [0, HEAD_BYTES - 1, HEAD_BYTES, -1])
def test_a_changed_byte_is_noticed(blobs: Blobs, tmp_path: Path, at: int) -> None:
    name = put(blobs, of_size(FRAME_BYTES + 10))
    found = bytearray(blobs.path(name).read_bytes())
    found[at] ^= 1
    blobs.path(name).write_bytes(found)
    with pytest.raises(FileDamaged):
        blobs.copy_out(name, tmp_path / "out")
    assert [one.name for one in tmp_path.iterdir()] == ["files"]


def test_frames_cannot_be_cut_off_left_out_or_moved(blobs: Blobs) -> None:
    name = put(blobs, of_size(3 * FRAME_BYTES))
    whole = blobs.path(name).read_bytes()
    sealed = FRAME_BYTES + 16
    frames = [whole[HEAD_BYTES + n * sealed :][:sealed] for n in range(3)]
    for others in (frames[:2], frames[1:], [frames[1], frames[0], frames[2]]):
        blobs.path(name).write_bytes(whole[:HEAD_BYTES] + b"".join(others))
        with pytest.raises(FileDamaged):
            blobs.read(name, 1 << 30)


def test_a_whole_file_in_anothers_place_is_noticed(blobs: Blobs) -> None:
    one, other = put(blobs, b"one"), put(blobs, b"other")
    blobs.path(one).write_bytes(blobs.path(other).read_bytes())
    with pytest.raises(FileDamaged):
        blobs.read(one, 100)


def test_a_file_too_large_leaves_nothing(blobs: Blobs) -> None:
    with pytest.raises(UserProblem):
        blobs.take(io.BytesIO(bytes(FRAME_BYTES + 1)), FRAME_BYTES, too_large)
    assert not [one for one in blobs.folder.rglob("*") if one.is_file()]


def test_pieces_fetched_one_after_the_other_become_the_file(blobs: Blobs, tmp_path: Path) -> None:
    content = os.urandom(3 * FRAME_BYTES + 5)
    name = hashlib.sha256(content).hexdigest()
    offset = 0
    while offset < len(content):
        blobs = Blobs(blobs.folder, KEY)  # as after a kill
        assert blobs.part_bytes(name) == offset
        piece = content[offset : offset + 2 * FRAME_BYTES]
        offset = blobs.add_part(name, len(content), offset, piece)
    assert not blobs.has(name)
    blobs.finish_part(name)
    assert blobs.read(name, 1 << 30) == content


def test_half_a_frame_counts_for_nothing(blobs: Blobs) -> None:
    content = os.urandom(2 * FRAME_BYTES + 5)
    name = hashlib.sha256(content).hexdigest()
    blobs.add_part(name, len(content), 0, content[: 2 * FRAME_BYTES])
    part = blobs.path(name).with_name(blobs.path(name).name + ".part")
    with part.open("r+b") as file:
        file.truncate(part.stat().st_size - 7)
    assert blobs.part_bytes(name) == FRAME_BYTES
    blobs.add_part(name, len(content), FRAME_BYTES, content[FRAME_BYTES:])
    blobs.finish_part(name)
    assert blobs.read(name, 1 << 30) == content


def test_what_was_fetched_wrong_is_thrown_away(blobs: Blobs) -> None:
    name = hashlib.sha256(b"right").hexdigest()
    blobs.add_part(name, 5, 0, b"wrong")
    with pytest.raises(FileDamaged):
        blobs.finish_part(name)
    assert blobs.part_bytes(name) == 0
    assert not blobs.has(name)


def test_a_piece_is_read_without_the_rest(blobs: Blobs) -> None:
    content = os.urandom(3 * FRAME_BYTES + 5)
    name = put(blobs, content)
    assert blobs.read_at(name, FRAME_BYTES, FRAME_BYTES) == content[FRAME_BYTES : 2 * FRAME_BYTES]
    assert blobs.read_at(name, FRAME_BYTES - 3, 9) == content[FRAME_BYTES - 3 :][:9]
    assert blobs.read_at(name, 5, FRAME_BYTES) == content[5:][:FRAME_BYTES]
    assert blobs.read_at(name, len(content), 9) == b""
    assert blobs.read_at(name, 3 * FRAME_BYTES, FRAME_BYTES) == content[-5:]


def test_what_is_removed_is_gone(blobs: Blobs) -> None:
    name = put(blobs, WORDS)
    blobs.remove(name)
    assert not blobs.has(name)
    with pytest.raises(NotFound):
        blobs.read(name, 100)


def test_only_old_strangers_are_removed(blobs: Blobs) -> None:
    known, stranger = put(blobs, b"known"), put(blobs, b"stranger")
    now_s = blobs.path(known).stat().st_mtime
    assert blobs.remove_strangers([known], now_s + 60) == 0
    assert blobs.remove_strangers([known], now_s + 100_000) == 1
    assert blobs.has(known)
    assert not blobs.has(stranger)


def test_a_full_disk_is_said_and_leaves_nothing(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable):
        blobs.take(io.BytesIO(WORDS), 100, too_large)
    assert not [one for one in blobs.folder.rglob("*") if one.is_file()]
