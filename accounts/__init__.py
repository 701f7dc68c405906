"""Accounts: customers (the tenants), their users and their accounts at the exchange."""
