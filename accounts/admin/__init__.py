"""Admin of customers, users and exchange accounts, and the bases of all admin pages."""

from django.contrib import admin
from django.contrib.auth.models import Group

from accounts.admin.exchange_accounts import ExchangeAccountAdmin
from accounts.admin.labels import label_accounts
from accounts.admin.people import CustomerAdmin, UserAdmin

__all__ = ["CustomerAdmin", "ExchangeAccountAdmin", "UserAdmin"]

admin.site.unregister(Group)
label_accounts()
