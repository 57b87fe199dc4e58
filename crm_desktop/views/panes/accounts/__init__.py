"""Accounts: the list with what a salesperson looks for, and the card beside it."""
