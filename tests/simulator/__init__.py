"""A deterministic simulator: the engine, stores and server that ship, one thread, one seed."""
