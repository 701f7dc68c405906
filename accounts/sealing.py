"""Sealing: how an API secret enters the system; only the signer can ever open it again."""

from __future__ import annotations

from uuid import uuid4

from accounts.models import Customer, ExchangeAccount, seal_context
from signer.client import SignerClient


def add_exchange_account(
    customer: Customer, *, label: str, api_secret: str, shard: int, signer: SignerClient
) -> ExchangeAccount:
    """Have the signer seal a secret for the new account's row, and store the row.

    The API key is the public half of the secret, so the signer tells it.

    Raises: SignerUnavailable, SignerRefused (not a secret).
    """
    public_id = uuid4()
    sealed = signer.seal(api_secret, seal_context(customer.public_id, public_id))
    return ExchangeAccount.objects.create(
        public_id=public_id,
        customer=customer,
        label=label,
        api_key=sealed.api_key,
        sealed_secret=sealed.sealed,
        shard=shard,
    )
