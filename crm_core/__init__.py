"""What a record is, and how two copies are reconciled: pure, no I/O, no Qt, no SQL, no HTTP."""
