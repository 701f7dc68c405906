"""The project: settings, addresses, services and the `obiwork` command."""
