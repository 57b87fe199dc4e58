"""The local store: tables, journal, search, migrations. No Qt."""
