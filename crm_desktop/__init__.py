"""CRM Desktop, the application: window, command line, local store and synchronisation."""
