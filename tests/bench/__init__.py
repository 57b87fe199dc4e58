"""The promises about speed, measured: `make bench`, or `python -m tests.bench first-sync`."""
