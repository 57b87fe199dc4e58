"""Code lists that several entities share."""

from __future__ import annotations

from crm_core.i18n import tr_noop

GRADES = (("A", tr_noop("A")), ("B", tr_noop("B")), ("C", tr_noop("C")), ("D", tr_noop("D")))

WORK_STATES = (
    ("open", tr_noop("Open")),
    ("in_progress", tr_noop("In progress")),
    ("done", tr_noop("Done")),
    ("dropped", tr_noop("Dropped")),
)

PRIORITIES = (("high", tr_noop("High")), ("normal", tr_noop("Normal")), ("low", tr_noop("Low")))

REMINDERS_OF_A_DAY = (
    ("d0@09:00", tr_noop("On the day at 09:00")),
    ("-1h", tr_noop("1 hour before")),
    ("d1@09:00", tr_noop("The day before at 09:00")),
    ("d7@09:00", tr_noop("A week before at 09:00")),
)
"""What is due by the end of a day; the marks are those of `crm_core.reminders`."""

REMINDERS_OF_A_MOMENT = (
    ("-15m", tr_noop("15 minutes before")),
    ("-1h", tr_noop("1 hour before")),
    ("-2h", tr_noop("2 hours before")),
    ("d1@17:00", tr_noop("The day before at 17:00")),
)

ROLES = (
    ("rep", tr_noop("Sales representative")),
    ("kam", tr_noop("Key-account manager")),
    ("lead", tr_noop("Team lead")),
    ("service", tr_noop("Service")),
    ("it", tr_noop("IT")),
    ("auditor", tr_noop("Auditor")),
)

COMPLAINT_STAGES = (
    ("received", tr_noop("Received")),
    ("acknowledged", tr_noop("Acknowledged")),
    ("assessed", tr_noop("Assessed")),
    ("investigating", tr_noop("Investigating")),
    ("waiting_customer", tr_noop("Waiting for the customer")),
    ("waiting_third_party", tr_noop("Waiting for a third party")),
    ("answered", tr_noop("Answered")),
    ("recovering", tr_noop("Recovering")),
    ("resolved", tr_noop("Resolved")),
    ("closed", tr_noop("Closed")),
    ("followed_up", tr_noop("Followed up")),
    ("duplicate", tr_noop("Duplicate")),
    ("rejected", tr_noop("Turned down")),
    ("reopened", tr_noop("Reopened")),
)
