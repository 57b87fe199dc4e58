"""Why two records look like one, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crm_core.i18n import tr_noop
from crm_core.likeness import Why
from crm_desktop.i18n import tr

_WORDS: Mapping[Why, str] = {
    Why.CODE: tr_noop("same credit code"),
    Why.NAME: tr_noop("same name"),
    Why.SOUND: tr_noop("name sounds the same"),
    Why.SLIP: tr_noop("name differs in one letter"),
    Why.SIMILAR: tr_noop("similar name"),
    Why.PHONE: tr_noop("same phone number"),
    Why.EMAIL: tr_noop("same e-mail"),
    Why.WECHAT: tr_noop("same WeChat"),
    Why.DOMAIN: tr_noop("same internet domain"),
    Why.PLACE: tr_noop("same account"),
}


def why_words(why: Iterable[Why]) -> str:
    """The reasons, the strongest first: "same phone number · similar name"."""
    return " · ".join(tr(_WORDS[x]) for x in why)
