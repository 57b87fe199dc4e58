"""Qt is used so that nothing blocks the window and nobody reaches for a global."""

import ast

from tests.house_rules.source import sources

COMPOSITION_ROOTS = ("crm_desktop/app", "crm_desktop/__main__")
WORN = ("crm_desktop/views/theme/theme",)
"""The theme hangs on the application as its palette and its font do, and is asked for like them."""


def test_nobody_reaches_for_the_application_object() -> None:
    """Constructors receive what they need; a global is how import cycles begin."""
    found = [
        source.at(call)
        for source in sources("crm_desktop")
        if not source.is_in(*COMPOSITION_ROOTS, *WORN)
        for call in source.method_calls("instance")
        if ast.unparse(call.func).endswith("Application.instance")
    ]
    assert not found


def test_nobody_runs_a_nested_event_loop() -> None:
    """Dialogs are opened with open() and answer by a signal; only a drag has no other way."""
    found = [
        source.at(call)
        for source in sources("crm_desktop")
        if not source.is_in(*COMPOSITION_ROOTS)
        for call in source.method_calls("processEvents", "exec", "exec_")
        if "drag" not in ast.unparse(call.func).lower()
    ]
    assert not found


def test_nobody_subclasses_qthread() -> None:
    """Work goes to runtime's lanes: plain data in, plain data out."""
    found = [
        source.at(node)
        for source in sources("crm_desktop")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(base).split(".")[-1] == "QThread" for base in node.bases)
    ]
    assert not found


def test_nobody_asks_a_widget_for_its_place_in_the_focus_chain() -> None:
    """PySide takes what these return for a child of whom was asked: it dies with him."""
    found = [
        source.at(call)
        for source in sources("crm_desktop")
        for call in source.method_calls("nextInFocusChain", "previousInFocusChain")
    ]
    assert not found


def test_signals_are_connected_to_methods() -> None:
    """`textEdited.connect(self.changed.emit)` hands the text to a signal that takes none."""
    found = [
        source.at(call)
        for source in sources("crm_desktop")
        for call in source.method_calls("connect")
        for argument in call.args
        if isinstance(argument, ast.Attribute) and argument.attr == "emit"
    ]
    assert not found
