"""The words that argparse says by itself: it would look them up in a catalog of the system's."""

from __future__ import annotations

import argparse

from crm_core.i18n import tr_noop
from crm_desktop.i18n import tr

WORDS = (
    tr_noop("usage: "),
    tr_noop("positional arguments"),
    tr_noop("options"),
    tr_noop("show this help message and exit"),
    tr_noop("argument %(argument_name)s: %(message)s"),
    tr_noop("invalid choice: %(value)r (choose from %(choices)s)"),
    tr_noop("unrecognized arguments: %s"),
    tr_noop("the following arguments are required: %s"),
    tr_noop("one of the arguments %s is required"),
    tr_noop("not allowed with argument %s"),
    tr_noop("ambiguous option: %(option)s could match %(matches)s"),
    tr_noop("expected one argument"),
    tr_noop("expected at least one argument"),
    tr_noop("ignored explicit argument %r"),
)
"""Those that a user of ours can meet, as Python 3.11 to 3.13 spell them."""


def translate() -> None:
    """From now on argparse speaks the language in force."""
    # It binds gettext's function to the name `_` of its module; that is what we replace.
    setattr(argparse, "_", tr)  # noqa: B010  # no stub knows the name
