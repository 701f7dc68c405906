"""Django's registration of the accounts app."""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Customers, users and exchange accounts."""

    name = "accounts"
    verbose_name = "Accounts"
