"""Labels of the accounts' models, as people read them."""

from __future__ import annotations

from django.apps import apps
from django.utils.translation import gettext_lazy as _

from accounts.admin.base import rename
from accounts.models import Customer, ExchangeAccount, Membership, User


def label_accounts() -> None:
    """Name what the accounts' pages show."""
    apps.get_app_config("accounts").verbose_name = _("accounts")
    rename(
        Customer,
        row=_("customer"),
        rows=_("customers"),
        public_id=_("public id"),
        name=_("name"),
        created_at=_("created"),
    )
    rename(
        User,
        row=_("user"),
        rows=_("users"),
        email=_("e-mail address"),
        name=_("name"),
        is_staff=_("operator"),
        is_active=_("active"),
        joined_at=_("joined"),
    )
    rename(Membership, row=_("member"), rows=_("members"), customer=_("customer"), user=_("user"), role=_("role"))
    rename(
        ExchangeAccount,
        row=_("exchange account"),
        rows=_("exchange accounts"),
        public_id=_("public id"),
        customer=_("customer"),
        label=_("label"),
        api_key=_("API key"),
        shard=_("shard"),
        is_active=_("active"),
        entries_stopped_reason=_("stopped by hand because"),
        created_at=_("created"),
    )
