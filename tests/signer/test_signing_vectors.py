"""The text to sign and the signature, against vectors that other clients agree on."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from signer.client import Refused, SignerClient, SignRequest
from signer.errors import SignerRefused
from signer.signing import signer_from_secret, signing_string

SECRET = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
API_KEY = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="

VECTORS = [
    pytest.param(
        "balanceQuery",
        {},
        "instruction=balanceQuery&timestamp=1788285243978&window=5000",
        "BDlvmZJynE12HjCi8HK1VWykSVqAVrJ//x0/5jFaiCydwTakG5pTbAYbG6Mwm58gBIo7Af8V27WCTIieA8QwCA==",
        id="no fields",
    ),
    pytest.param(
        "orderExecute",
        {
            "symbol": "SOL_USDC_PERP",
            "side": "Bid",
            "orderType": "Limit",
            "price": "141.25",
            "quantity": "12",
            "timeInForce": "GTC",
            "postOnly": True,
            "reduceOnly": False,
            "clientId": 55555,
            "selfTradePrevention": "RejectTaker",
        },
        "instruction=orderExecute&clientId=55555&orderType=Limit&postOnly=true&price=141.25&quantity=12"
        "&reduceOnly=false&selfTradePrevention=RejectTaker&side=Bid&symbol=SOL_USDC_PERP&timeInForce=GTC"
        "&timestamp=1788285243978&window=5000",
        "6hRbrKoGKCDiHBmep3gOTjvl1al/1SDM6IppC6S31Iq+cumfax/HNRWAGuQ/lUYgwiWZABhz8cTsg36uS8xjAQ==",
        id="booleans in lower case",
    ),
    pytest.param(
        "orderExecute",
        {
            "symbol": "SOL_USDC_PERP",
            "side": "Ask",
            "orderType": "Market",
            "reduceOnly": True,
            "triggerPrice": "95.5",
            "triggerQuantity": "100%",
            "triggerBy": "MarkPrice",
        },
        "instruction=orderExecute&orderType=Market&reduceOnly=true&side=Ask&symbol=SOL_USDC_PERP"
        "&triggerBy=MarkPrice&triggerPrice=95.5&triggerQuantity=100%&timestamp=1788285243978&window=5000",
        "X37fNJqUWWhN30p49GKqKH+Gz3mMKtTnCHsmltgMeZN5wWoLcDzmdtZWo9t6raRJeO3SPNKs+n74ZoWif7Q7CQ==",
        id="raw text, the timestamp after what sorts behind it",
    ),
    pytest.param(
        "subscribe",
        {},
        "instruction=subscribe&timestamp=1788285243978&window=5000",
        "tC1123YGvH3zRoTYXapRVa5yCjq5qqsfTWWdIpTaigNjDRm5xNOoC+QdIjGu8R4kQOqbPb+qkyaI8+tKw/+rDQ==",
        id="streams",
    ),
]


@pytest.mark.parametrize(("instruction", "params", "text", "signature"), VECTORS)
def test_our_own_copies_of_the_vectors_are_signed_as_others_sign_them(
    instruction: str, params: dict[str, Any], text: str, signature: str
) -> None:
    built = signing_string(instruction, params, timestamp_ms=1788285243978, window_ms=5000)

    assert built == text
    assert signer_from_secret(base64.b64decode(SECRET)).sign(built) == signature


def test_in_a_batch_every_order_begins_with_its_instruction_and_the_time_comes_once() -> None:
    order = {"symbol": "SOL_USDC_PERP", "side": "Bid", "orderType": "Limit", "price": "141", "quantity": "12"}
    second = {**order, "price": "140", "quantity": "11"}

    text = signing_string("orderExecute", [order, second], timestamp_ms=1750793021519, window_ms=5000)

    assert text == (
        "instruction=orderExecute&orderType=Limit&price=141&quantity=12&side=Bid&symbol=SOL_USDC_PERP"
        "&instruction=orderExecute&orderType=Limit&price=140&quantity=11&side=Bid&symbol=SOL_USDC_PERP"
        "&timestamp=1750793021519&window=5000"
    )


def test_upper_case_names_sort_before_lower_case_ones() -> None:
    text = signing_string("subscribe", {"b": 1, "a": 2, "B": 3}, timestamp_ms=1, window_ms=2)

    assert text == "instruction=subscribe&B=3&a=2&b=1&timestamp=1&window=2"


@pytest.mark.parametrize("number", range(10))
def test_every_shared_vector_gives_its_text_and_signature(shared_vectors: dict[str, Any], number: int) -> None:
    vector = shared_vectors["vectors"][number]
    signer = signer_from_secret(base64.b64decode(shared_vectors["secret_base64"]))

    text = signing_string(
        vector["instruction"],
        vector["params"],
        timestamp_ms=vector["timestamp"],
        window_ms=vector["window"],
    )

    assert text == vector["signing_string"]
    assert signer.sign(text) == vector["signature"]
    assert signer.api_key == shared_vectors["api_key_base64"]


def test_over_the_socket_every_shared_vector_is_signed_but_the_change_of_the_account(
    shared_vectors: dict[str, Any], client: SignerClient
) -> None:
    vectors = shared_vectors["vectors"]
    sealed = client.seal(shared_vectors["secret_base64"], "alice|secret|1").sealed
    requests = [
        SignRequest(sealed, "alice|secret|1", v["instruction"], v["params"], v["timestamp"], v["window"])
        for v in vectors
    ]

    results = client.sign(requests)

    by_instruction = {v["name"]: result for v, result in zip(vectors, results, strict=True)}
    refused = by_instruction.pop("V07 account patch")
    assert refused == Refused("this instruction is not on the allow list")
    assert [result.signature for result in by_instruction.values()] == [
        v["signature"] for v in vectors if v["instruction"] != "accountUpdate"
    ]


def test_a_secret_of_64_bytes_is_its_seed_and_its_public_half() -> None:
    seed, public = base64.b64decode(SECRET), base64.b64decode(API_KEY)

    assert signer_from_secret(seed + public).api_key == API_KEY


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param(b"", id="empty"),
        pytest.param(bytes(31), id="short"),
        pytest.param(bytes(33), id="long"),
        pytest.param(bytes(64), id="a public half that is another seed's"),
    ],
)
def test_a_secret_of_another_form_is_refused(secret: bytes) -> None:
    with pytest.raises(SignerRefused):
        signer_from_secret(secret)
