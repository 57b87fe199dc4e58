"""Names of files are labels: whatever is in them, they lead nowhere and hide nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.files import NAME_BYTES_MAX, clean_name, ending_of, may_be_opened

HOSTILE = {
    "../../etc/passwd": "passwd",
    "C:\\Windows\\evil.dll": "evil.dll",
    "invoice\u202egnp.exe": "invoicegnp.exe",
    "a\x00b\nc.txt": "ab c.txt",
    "photo.jpg                .exe": "photo.jpg .exe",
    "CON": "_CON",
    "nul.txt": "_nul.txt",
    "COM1.log": "_COM1.log",
    "com¹": "_com¹",
    " .hidden ": "hidden",
    "..": "file",
    "": "file",
    'a<b>:"c|d?*.pdf': "a_b___c_d__.pdf",
    "合同（最终）.pdf": "合同（最终）.pdf",
    "trailing. ": "trailing",
}


@pytest.mark.parametrize(("name", "clean"), HOSTILE.items())
def test_a_name_is_a_label(name: str, clean: str) -> None:
    assert clean_name(name) == clean


@given(st.text(max_size=400))
def test_no_name_leads_anywhere(name: str) -> None:
    clean = clean_name(name)
    assert clean == clean_name(clean)
    assert clean not in ("", ".", "..")
    assert not set(clean) & set('/\\<>:"|?*\x00\u202e\u200b')
    assert len(clean.encode()) <= NAME_BYTES_MAX


def test_a_long_name_keeps_its_ending() -> None:
    assert clean_name("客" * 200 + ".pdf").endswith("客.pdf")


@pytest.mark.parametrize(
    "name",
    ["a.exe", "a.EXE", "a.desktop", "a.lnk", "a.bat", "a.sh", "a.js", "a.html", "a.svg", "a.docm",
     "a.url", "a", "a.pdf.exe", "a.pdf\u202e.exe", "a.AppImage", "a.jar", "a.msi", "a.scr"],
)  # fmt: skip
def test_programs_scripts_and_shortcuts_are_never_opened(name: str) -> None:
    assert not may_be_opened(name)


@pytest.mark.parametrize("name", ["a.pdf", "Photo.JPG", "合同.docx", "voice.m4a"])
def test_documents_pictures_and_recordings_are(name: str) -> None:
    assert may_be_opened(name)
    assert ending_of(name).islower()
