"""Admin of customers and users."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts.admin.base import KeptAdmin, RecordInline
from accounts.admin.cells import link, list_link, moment
from accounts.admin.exchange_accounts import causes_of
from accounts.models import Customer, ExchangeAccount, Membership, User

_ROLES = [("owner", _("owner")), ("trader", _("trader")), ("viewer", _("viewer"))]
_GRANTS = ("is_staff", "is_superuser", "user_permissions")


class MembershipInline(TabularInline):
    """Who belongs to a customer."""

    model = Membership
    extra = 0
    hide_title = True
    autocomplete_fields = ("user",)

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the roles in the reader's language."""
        kwargs["choices"] = _ROLES
        return super().formfield_for_choice_field(db_field, request, **kwargs)


class AccountInline(RecordInline):
    """A customer's accounts at the exchange."""

    model = ExchangeAccount
    fields = ("page", "api_key", "is_active", "causes")
    readonly_fields = fields

    @display(description=_("label"))
    def page(self, account: ExchangeAccount) -> SafeString | str:
        """Return the account, linked."""
        return link(account, account.label)

    @display(description=_("entries stopped because"))
    def causes(self, account: ExchangeAccount) -> str:
        """Return everything that stops entries now."""
        return causes_of(account)


@admin.register(Customer)
class CustomerAdmin(KeptAdmin):
    """Customers, the tenants."""

    list_display = ("name", "public_id", "accounts", "created")
    search_fields = ("name", "public_id", "members__email")
    readonly_fields = ("public_id", "created")
    inlines = (MembershipInline, AccountInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Customer]:
        rows: QuerySet[Customer] = super().get_queryset(request)
        return rows.annotate(account_count=Count("exchange_accounts"))

    @display(description=_("exchange accounts"), ordering="account_count")
    def accounts(self, customer: Any) -> SafeString:
        """Return how many accounts, linked to them."""
        filters = {"customer__id__exact": customer.pk}
        return list_link(str(customer.account_count), model="accounts_exchangeaccount", filters=filters)

    @display(description=_("created"), ordering="created_at")
    def created(self, customer: Customer) -> str:
        """Return when the customer came."""
        return moment(customer.created_at)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, KeptAdmin):  # type: ignore[type-arg, misc]
    """Users, who sign in by e-mail address. They are deactivated, not deleted: what they did stays on record."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    ordering = ("email",)
    list_display = ("email", "name", "is_staff", "is_active", "joined", "last_seen")
    list_filter = ("is_staff", "is_active")
    search_fields = ("email", "name")
    readonly_fields = ("joined", "last_seen")
    fieldsets = (
        (None, {"fields": ("email", "password", "name")}),
        (_("Permissions"), {"fields": ("is_active", *_GRANTS)}),
        (_("Dates"), {"fields": ("joined", "last_seen")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "password1", "password2")}),)
    filter_horizontal = ("user_permissions",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Let only a superuser grant rights: whoever may edit users could otherwise take all of them."""
        grants = () if getattr(request.user, "is_superuser", False) else _GRANTS
        return (*self.readonly_fields, *grants)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save the whole user: no engine writes here, and the form has parts that are no columns."""
        obj.save()

    @display(description=_("joined"), ordering="joined_at")
    def joined(self, user: User) -> str:
        """Return when the user joined."""
        return moment(user.joined_at)

    @display(description=_("last sign-in"), ordering="last_login")
    def last_seen(self, user: User) -> str:
        """Return when the user last signed in."""
        return moment(user.last_login)
