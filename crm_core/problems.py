"""The stable codes by which a server refuses, and the words for each."""

from __future__ import annotations

from collections.abc import Mapping

from crm_core.catalog import CATALOG
from crm_core.entity import Entity
from crm_core.i18n import Message, Param, tr_noop

PROBLEMS: Mapping[str, str] = {
    "request.malformed": tr_noop("The message is not of the expected form."),
    "request.too_large": tr_noop("The message is larger than the server takes."),
    "request.too_old": tr_noop(
        "This version of the application is too old for the server; please update it. "
        "Your unsent work is safe."
    ),
    "request.epoch": tr_noop("The server was restored from a backup; the next sync brings it up."),
    "server.busy": tr_noop("The server is busy; it will be tried again."),
    "server.failed": tr_noop("The server failed; it will be tried again."),
    "auth.required": tr_noop("Please sign in again. Your unsent work is safe."),
    "auth.wrong": tr_noop("The login or the password is wrong."),
    "request.throttled": tr_noop(
        "Comparing everything is a lot of work for the server; please try again in {seconds} s."
    ),
    "auth.slow_down": tr_noop("Too many attempts; please wait {seconds} s."),
    "auth.disabled": tr_noop("This login is disabled; please ask your IT."),
    "device.revoked": tr_noop("This device was withdrawn; please ask your IT."),
    "device.clone": tr_noop("This installation was copied; it signs in as a device of its own."),
    "device.not_found": tr_noop("There is no such device, or it is not yours."),
    "device.this": tr_noop(
        "A device does not withdraw itself: sign out here, or do it on another one."
    ),
    "changeset.too_large": tr_noop("One step holds more than the server takes."),
    "changeset.too_old": tr_noop(
        "The step was made with a version so old that it cannot be understood any more; please "
        "look at it again."
    ),
    "changeset.forged": tr_noop("The step names a version that this device was never given."),
    "record.not_found": tr_noop("The record is not there, or you may not see it."),
    "record.read_only": tr_noop("{kind} records are loaded by IT and cannot be changed here."),
    "record.log": tr_noop("Entries of this log cannot be changed afterwards."),
    "record.above_refused": tr_noop("It belongs to a record that was refused."),
    "reference.not_found": tr_noop(
        "'{field}' names a record that is not there, or that you may not see."
    ),
    "field.invalid": tr_noop("'{field}': {detail}"),
    "field.unknown": tr_noop(
        "The server is older than this application and does not know '{field}' yet; it will be "
        "sent again once the server has been updated."
    ),
    "field.required": tr_noop("'{field}' must be filled in."),
    "field.authority": tr_noop("'{field}' is decided by the office and cannot be set here."),
    "field.switched_off": tr_noop(
        "'{field}' is switched off in your organisation; what is there may only be taken out."
    ),
    "field.masked": tr_noop("Your role does not receive '{field}' and cannot change it."),
    "field.taken": tr_noop("'{field}' with this value exists already."),
    "field.erased": tr_noop("'{field}' was erased at the person's request."),
    "merge.gone": tr_noop(
        "One of the two was deleted or merged with another record meanwhile: nothing was merged."
    ),
    "merge.erased": tr_noop(
        "What one of the two said of a person was erased at the person's request meanwhile: "
        "nothing was merged."
    ),
    "merge.moved": tr_noop(
        "A colleague merged this record with another: what was entered stands there."
    ),
    "merge.kept": tr_noop("Changed since and left where they are: {many}."),
    "kind.unknown": tr_noop("The server does not know '{kind}'."),
    "file.too_large": tr_noop(
        "The server takes files of {most} MB at most. The file stays on this device; take it off "
        "and attach a smaller one."
    ),
    "file.no_room": tr_noop(
        "The server has no room for the file now. It stays here and will be tried again."
    ),
    "file.not_found": tr_noop("The server does not have the file yet, or you may not see it."),
    "file.mismatch": tr_noop("What arrived is not the file; it will be sent again."),
    "file.unreadable": tr_noop("The file cannot be read here now; it will be tried again."),
    "file.no_space": tr_noop(
        "There is no room for the file on this device; it will be tried again."
    ),
    "file.damaged": tr_noop("The file is damaged on this device; please attach it again."),
    "op.unknown": tr_noop(
        "The server is older than this application and does not know such a step yet; it will be "
        "sent again once the server has been updated."
    ),
    "erase.by_it": tr_noop(
        "In your organisation IT alone erases a person, with `crm-server erase`."
    ),
    "person.too_large": tr_noop(
        "More is attached to this person than can be sent at once; IT writes it with "
        "`crm-server export-person`."
    ),
    "right.missing": tr_noop("Your role may not do this here ({action})."),
    "state.no_arrow": tr_noop("No step leads from '{source}' to '{target}'."),
    "state.missing": tr_noop("For '{target}' these fields are needed first: {fields}."),
    "offer.refused": tr_noop(
        "The server could not pass it on: the record is gone, or it was never in your sight."
    ),
    "offer.waits": tr_noop("Offered to whoever has the record now; nobody has decided yet."),
    "offer.taken": tr_noop("Taken over: the record has your value."),
    "offer.declined": tr_noop("Not taken over: another value was chosen."),
    "offer.replaced": tr_noop("A later offer of yours took the place of this one."),
    "offer.closed": tr_noop("Nobody can decide about it any more: the record is gone."),
    "conflict.closed": tr_noop("This conflict was already resolved."),
    "supervision.reply": tr_noop(
        "It is supervised: please write the reply first, then it can be closed."
    ),
    "atomic.part": tr_noop("Another part of the same step was refused."),
}

ACTION_LABELS: Mapping[str, str] = {
    "read": tr_noop("to read"),
    "create": tr_noop("to create"),
    "edit": tr_noop("to change"),
    "delete": tr_noop("to delete"),
    "reassign": tr_noop("to hand over"),
    "approve": tr_noop("to approve"),
    "export": tr_noop("to export"),
    "erase": tr_noop("to erase"),
    "admin": tr_noop("to administer"),
}


def words_for(code: str, params: Mapping[str, str], entity: Entity | None = None) -> Message:
    """The sentence for a code; an unknown code is shown as it is.

    Where the record's `entity` is known, names of fields and codes of states become their labels.
    """
    template = PROBLEMS.get(code)
    if template is None:
        return Message(tr_noop("The server refused it ({code})."), {"code": code})
    return Message(template, {x: _label(x, params.get(x, "…"), entity) for x in _places(template)})


def _places(template: str) -> list[str]:
    return [part.split("}")[0] for part in template.split("{")[1:]]


def _label(place: str, value: str, entity: Entity | None) -> Param:
    if place == "kind" and value in CATALOG:
        return CATALOG[value].label
    if place == "action" and value in ACTION_LABELS:
        return ACTION_LABELS[value]
    if entity is None:
        return value
    if place == "field":
        return _field_label(entity, value)
    if place == "fields":
        names = value.split(", ")
        labels: dict[str, Param] = {
            f"field{number}": _field_words(entity, name) for number, name in enumerate(names)
        }
        return Message(", ".join(f"{{{place}}}" for place in labels), labels)
    if place in ("source", "target") and entity.state_field is not None:
        choices = {choice.code: choice.label for choice in entity.state_field.choices}
        return choices.get(value, value)
    return value


def _field_words(entity: Entity, name: str) -> Param:
    """The label, to be translated; a name that is no field of ours stays as it was sent."""
    label = _field_label(entity, name)
    return name if label == name else Message(label)


def _field_label(entity: Entity, name: str) -> str:
    """The label of a field, or of a group: that of its first member."""
    found = entity.by_name.get(entity.groups.get(name, (name,))[0])
    return found.label if found is not None else name
