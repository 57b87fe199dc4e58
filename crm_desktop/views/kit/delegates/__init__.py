"""What cells look like: a delegate for each kind of mark, with its painting as a plain function."""
