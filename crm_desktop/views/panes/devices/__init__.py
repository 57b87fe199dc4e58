"""The devices that work with this server."""
