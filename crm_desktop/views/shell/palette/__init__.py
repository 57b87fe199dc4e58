"""The command palette: records and commands by a few letters. Imported when it is first opened."""
