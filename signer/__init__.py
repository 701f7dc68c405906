"""Signer: the only process that can open an API secret. It signs from fields, by its policy."""
