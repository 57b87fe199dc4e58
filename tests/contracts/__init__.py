"""What must stay understood across versions: frozen files and messages, and versions to come."""
