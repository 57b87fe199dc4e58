"""The central server, which reconciles what the clients send."""
