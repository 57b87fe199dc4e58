"""Words in the user's language: `tr` for our own, `words` for messages that core composed.

The language is the one piece of state that everybody shares: it is set once, before the first
word is shown (docs/adr/0020).
"""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from crm_core.i18n import Message, Param

LANGUAGES: Mapping[str, str] = {"en": "English", "zh_CN": "简体中文", "zh_TW": "繁體中文"}
"""The languages there are, each by its own name; English needs no catalog."""

SOURCE_LANGUAGE = "en"
TRANSLATIONS = Path(__file__).resolve().parent.parent / "resources" / "translations"
"""Beside the packages in a checkout, in an installed wheel and in a frozen build alike."""

LABEL_PARAMS = frozenset(("field", "kind", "action", "source", "target"))
"""Places of a template that hold one of our labels. All others hold what a customer typed."""

_TRADITIONAL = frozenset(("hant", "tw", "hk", "mo"))


class _Shown:
    """The language in force and its catalog."""

    language = SOURCE_LANGUAGE
    catalog = gettext.NullTranslations()


def set_language(locale: str) -> str:
    """Show words in the nearest language there is, and return its code.

    `locale` is in any usual spelling (zh_TW.UTF-8, zh-Hant-HK, en_GB); where there is no such
    language, or its catalog was not compiled, words stay English.
    """
    _Shown.language = _nearest(locale)
    _Shown.catalog = _catalog(_Shown.language)
    return _Shown.language


def language() -> str:
    """The code of the language in which words are shown."""
    return _Shown.language


def tr(text: str, /, **params: Param) -> str:
    """Our own words in the user's language, with the `{named}` places of `text` filled."""
    found = _look_up(text)
    if not params:
        return found
    return found.format(**{name: _param(name, value) for name, value in params.items()})


def tr_n(one: str, many: str, n: int, /, **params: Param) -> str:
    """Words about `n` things: `one` where the language says it of one, `many` otherwise.

    `{n}` is the number with its thousands set apart; the other places are filled as by `tr`.
    """
    found = _Shown.catalog.ngettext(one, many, n)
    shown = {name: _param(name, value) for name, value in params.items()}
    return found.format(n=f"{n:,}", **shown)


def words(message: Message) -> str:
    """A message of core or of an error in the user's language."""
    return tr(message.template, **message.params)


@cache
def in_all_languages(text: str) -> tuple[str, ...]:
    """The words for `text` in every language: a file's header may be written in any of them."""
    return tuple(dict.fromkeys((text, *(catalog.gettext(text) for catalog in _all_catalogs()))))


def _param(name: str, value: Param) -> str:
    if isinstance(value, Message):
        return words(value)
    return _look_up(value) if isinstance(value, str) and name in LABEL_PARAMS else str(value)


def _look_up(text: str) -> str:
    # The empty text is the catalog's own header.
    return _Shown.catalog.gettext(text) if text else text


def _nearest(locale: str) -> str:
    parts = locale.partition(".")[0].replace("-", "_").lower().split("_")
    if parts[0] != "zh":
        return SOURCE_LANGUAGE
    return "zh_TW" if _TRADITIONAL.intersection(parts) else "zh_CN"


@cache
def _all_catalogs() -> tuple[gettext.NullTranslations, ...]:
    return tuple(map(_catalog, LANGUAGES))


def _catalog(code: str) -> gettext.NullTranslations:
    try:
        with (TRANSLATIONS / f"{code}.mo").open("rb") as file:
            return gettext.GNUTranslations(file)
    except FileNotFoundError:
        return gettext.NullTranslations()
