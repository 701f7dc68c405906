"""Signatures: the recorded vectors, and what the exchange says to a wrong one."""

from __future__ import annotations

import json
import os
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from nacl.signing import VerifyKey
from sandbox_local import WALL_MS, LocalExchange

from sandbox.web.auth import signing_string

_SHARED = Path(os.environ.get("OBIWORK_SHARED", Path(__file__).parents[3] / "shared"))
_VECTORS = _SHARED / "backpack" / "signing-vectors.json"


def _vectors() -> list[dict[str, Any]]:
    return json.loads(_VECTORS.read_text())["vectors"] if _VECTORS.exists() else []


@pytest.mark.skipif(not _VECTORS.exists(), reason="the shared signing vectors are not here")
def test_every_signing_vector_verifies_against_the_string_that_the_server_rebuilds() -> None:
    key = VerifyKey(b64decode(json.loads(_VECTORS.read_text())["api_key_base64"]))

    for vector in _vectors():
        text = signing_string(
            vector["instruction"], vector["params"], timestamp=vector["timestamp"], window=vector["window"]
        )
        assert text == vector["signing_string"], vector["name"]
        key.verify(text.encode(), b64decode(vector["signature"]))


def test_the_body_may_have_any_order_and_spacing_because_parsed_fields_are_signed(local: LocalExchange) -> None:
    body = {"symbol": "SOL_USDC_PERP", "side": "Bid", "price": "99.5", "orderType": "Limit", "quantity": "1"}
    text = json.dumps(dict(reversed(body.items())), indent=3)

    answer = local.http.post(
        f"{local.rest}/api/v1/order", data=text, headers=local.alice.sign("orderExecute", body), timeout=5
    )

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X-Signature": "A" * 86 + "=="}, "Invalid signature"),
        ({"X-Signature": "nonsense"}, "Invalid X-Signature header"),
        ({"X-API-Key": "A" * 43 + "="}, "Invalid API key"),
        ({"X-Timestamp": "soon"}, "Invalid timestamp"),
        ({"X-Timestamp": str(WALL_MS - 5_001)}, "Request has expired"),
        ({"X-Timestamp": str(WALL_MS + 5_001)}, "Invalid timestamp"),
        ({"X-Window": "60001"}, "Invalid window"),
    ],
)
def test_a_wrong_claim_is_refused_with_the_exchanges_words(
    local: LocalExchange, change: dict[str, str], message: str
) -> None:
    headers = {**local.alice.sign("balanceQuery", {}), **change}

    answer = local.get("/api/v1/capital", headers=headers)

    assert (answer.status_code, answer.json()) == (400, {"code": "INVALID_CLIENT_REQUEST", "message": message})


def test_a_window_that_is_not_sent_is_signed_as_5000(local: LocalExchange) -> None:
    headers = local.alice.sign("balanceQuery", {})
    del headers["X-Window"]

    assert local.get("/api/v1/capital", headers=headers).status_code == 200


def test_a_request_without_a_key_does_not_parse(local: LocalExchange) -> None:
    answer = local.get("/api/v1/capital")

    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "text/plain; charset=utf-8")


def test_another_instruction_does_not_open_an_account(local: LocalExchange) -> None:
    answer = local.alice.get("/api/v1/capital", "accountQuery")

    assert answer.json()["message"] == "Invalid signature"


def test_there_is_nothing_to_withdraw_with(local: LocalExchange) -> None:
    answer = local.alice.send("POST", "/wapi/v1/capital/withdrawals", "withdraw", {"symbol": "USDC", "quantity": "1"})

    assert (answer.status_code, answer.json()["code"]) == (404, "RESOURCE_NOT_FOUND")
