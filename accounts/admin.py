"""Admin of customers, users and exchange accounts. A sealed secret is never shown, not even sealed."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts.models import Customer, ExchangeAccount, Membership, User

admin.site.unregister(Group)


class MembershipInline(TabularInline):
    """Who belongs to a customer."""

    model = Membership
    extra = 0
    autocomplete_fields = ("user",)


@admin.register(Customer)
class CustomerAdmin(ModelAdmin):
    """Customers, the tenants."""

    list_display = ("name", "public_id", "created_at")
    search_fields = ("name", "public_id")
    inlines = (MembershipInline,)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):  # type: ignore[type-arg]
    """Users, who sign in by e-mail address."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    ordering = ("email",)
    list_display = ("email", "name", "is_staff", "is_active", "joined_at")
    list_filter = ("is_staff", "is_active")
    search_fields = ("email", "name")
    readonly_fields = ("joined_at", "last_login")
    fieldsets = (
        (None, {"fields": ("email", "password", "name")}),
        ("Permissions", {"fields": ("is_active", "is_staff", "is_superuser", "user_permissions")}),
        ("Dates", {"fields": ("joined_at", "last_login")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "password1", "password2")}),)
    filter_horizontal = ("user_permissions",)


@admin.register(ExchangeAccount)
class ExchangeAccountAdmin(ModelAdmin):
    """Accounts at the exchange; they are made with their key sealed, never here."""

    list_display = ("label", "customer", "key_start", "shard", "is_active", "entries_stopped_reason")
    list_filter = ("is_active", "shard")
    list_select_related = ("customer",)
    search_fields = ("label", "api_key")
    readonly_fields = ("customer", "public_id", "api_key", "shard", "created_at")
    exclude = ("sealed_secret", "next_client_id")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: a secret typed into the admin would pass through a process that must not see it."""
        return False

    @admin.display(description="API key")
    def key_start(self, account: ExchangeAccount) -> str:
        """Return enough of the public key to recognise it."""
        return f"{account.api_key[:8]}…"
