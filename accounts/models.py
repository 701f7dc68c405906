"""Customers, their users, and their accounts at the exchange."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin
from django.db import models
from django.db.models import Q

from accounts.managers import UserManager

MAX_CLIENT_ID = 2**32 - 1  # the exchange's client order id is a uint32


class Customer(models.Model):
    """The tenant: everything that is traded, shown or paid for belongs to one customer."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in by e-mail address."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(auto_now_add=True)
    customers = models.ManyToManyField(Customer, through="Membership", related_name="members")

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    def __str__(self) -> str:
        return self.email

    def get_full_name(self) -> str:
        """Return how the person wants to be called; the address where nothing was said."""
        return self.name or self.email

    def get_short_name(self) -> str:
        """Return the same: people have one name here."""
        return self.get_full_name()


class Membership(models.Model):
    """A user's part in a customer."""

    class Role(models.TextChoices):
        OWNER = "owner"
        TRADER = "trader"
        VIEWER = "viewer"

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.OWNER)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("customer", "user"), name="membership_once_per_customer"),)

    def __str__(self) -> str:
        return f"{self.user_id} in {self.customer_id} as {self.role}"


class ExchangeAccount(models.Model):
    """A customer's account at the exchange. Its API secret is sealed and can be opened only by the signer."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="exchange_accounts")
    label = models.CharField(max_length=80)
    api_key = models.CharField(max_length=64, unique=True)
    sealed_secret = models.TextField(editable=False)
    next_client_id = models.PositiveBigIntegerField(default=1, editable=False)
    shard = models.PositiveSmallIntegerField(default=0, help_text="the hot queue that trades this account")
    is_active = models.BooleanField(default=True)
    entries_stopped_reason = models.CharField(
        max_length=200,
        blank=True,
        help_text="why no new position may be opened; empty while entries are allowed",
    )
    position_difference = models.CharField(
        max_length=200, blank=True, editable=False, help_text="where our fills do not add up to the exchange's position"
    )
    is_unwatched = models.BooleanField(
        default=False, editable=False, help_text="nobody sees its fills now: no private stream, or not looked up yet"
    )
    fills_known_until_us = models.BigIntegerField(
        null=True, editable=False, help_text="the exchange's clock up to which no fill can be missing"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(next_client_id__gte=1) & Q(next_client_id__lte=MAX_CLIENT_ID),
                name="exchange_account_client_id_is_uint32",
            ),
            models.CheckConstraint(condition=~Q(sealed_secret=""), name="exchange_account_secret_is_sealed"),
        )
        indexes = (models.Index(fields=("shard",), name="exchange_account_shard"),)

    def __str__(self) -> str:
        return f"{self.label} ({self.api_key[:6]}…)"

    @property
    def entry_stops(self) -> list[str]:
        """Return why no new position may be opened; each cause is set and cleared by whoever knows it."""
        causes = (
            "" if self.is_active else "the account is switched off",
            self.entries_stopped_reason,
            self.position_difference and f"position differs: {self.position_difference}",
            "nobody sees its fills" if self.is_unwatched else "",
        )
        return [cause for cause in causes if cause]

    @property
    def seal_context(self) -> str:
        """Return what the sealed secret is bound to: tenant, field and row."""
        return seal_context(self.customer.public_id, self.public_id)


def seal_context(customer_id: uuid.UUID, account_id: uuid.UUID) -> str:
    """Return the associated data under which an account's API secret is sealed."""
    return f"{customer_id}|accounts.ExchangeAccount.secret|{account_id}"
