"""The full-text tables, which SQLAlchemy does not know.

`find_text`: all searchable words, by trigram. `find_word`: Latin words by prefix and Chinese
characters one by one, for what is shorter than three. `find_pinyin`: spellings and initials.
Their rowid is `rid * 256 + number of the kind`; they keep no copy of the text.
"""

from __future__ import annotations

SEARCH_TABLES = (
    "CREATE VIRTUAL TABLE find_text USING fts5("
    "words, content='', contentless_delete=1, tokenize='trigram remove_diacritics 1')",
    "CREATE VIRTUAL TABLE find_word USING fts5("
    "words, content='', contentless_delete=1, prefix='1 2',"
    " tokenize='unicode61 remove_diacritics 2')",
    "CREATE VIRTUAL TABLE find_pinyin USING fts5("
    "spellings, content='', contentless_delete=1, detail='none', prefix='1 2 3',"
    " tokenize='ascii')",
)
KIND_BITS = 8
"""Kinds that one rowid can tell apart: 256."""
