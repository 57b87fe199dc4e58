"""The visits: a week to plan in, the accounts that are due, and the visit chosen."""
