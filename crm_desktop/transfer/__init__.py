"""Import, export and print models. No Qt."""
