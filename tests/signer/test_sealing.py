"""Sealed secrets: they open for their own account, under a key of this machine, unchanged, and not otherwise."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signer.errors import SignerMisconfigured, SignerRefused
from signer.keycache import KeyCache
from signer.sealing import KeyRing, create_key_file

ALICE = "alice|accounts.ExchangeAccount.secret|1"
BOB = "bob|accounts.ExchangeAccount.secret|2"
SECRET = bytes(range(32))
OLD_ID, NEW_ID = bytes(8), b"\x01" * 8
OLD = KeyRing({OLD_ID: b"o" * 32}, OLD_ID)
BOTH = KeyRing({OLD_ID: b"o" * 32, NEW_ID: b"n" * 32}, NEW_ID)
NEW = KeyRing({NEW_ID: b"n" * 32}, NEW_ID)


def test_a_secret_opens_for_the_context_it_was_sealed_for() -> None:
    assert OLD.open(OLD.seal(SECRET, ALICE), ALICE) == SECRET


def test_sealing_twice_gives_two_texts() -> None:
    assert OLD.seal(SECRET, ALICE) != OLD.seal(SECRET, ALICE)


def test_the_sealed_text_of_one_account_does_not_open_for_another() -> None:
    with pytest.raises(SignerRefused, match="does not fit"):
        OLD.open(OLD.seal(SECRET, ALICE), BOB)


@given(place=st.integers(0, 80), bit=st.integers(0, 7))
def test_a_sealed_text_with_one_changed_bit_never_opens(place: int, bit: int) -> None:
    raw = bytearray(base64.b64decode(OLD.seal(SECRET, ALICE)))
    raw[place] ^= 1 << bit

    with pytest.raises(SignerRefused):
        OLD.open(base64.b64encode(raw).decode(), ALICE)


@given(text=st.text(max_size=200))
def test_whatever_is_no_sealed_text_is_refused(text: str) -> None:
    with pytest.raises(SignerRefused):
        OLD.open(text, ALICE)


def test_after_a_rotation_old_texts_open_and_new_ones_are_sealed_under_the_new_key() -> None:
    sealed = OLD.seal(SECRET, ALICE)

    resealed = BOTH.seal(BOTH.open(sealed, ALICE), ALICE)

    assert NEW.open(resealed, ALICE) == SECRET
    with pytest.raises(SignerRefused, match="not in the key file"):
        NEW.open(sealed, ALICE)


def test_a_cached_key_does_not_answer_for_another_context() -> None:
    cache = KeyCache(OLD)
    sealed = OLD.seal(SECRET, ALICE)
    cache.signer(sealed, ALICE)

    with pytest.raises(SignerRefused):
        cache.signer(sealed, BOB)


def test_the_cache_keeps_no_more_keys_than_it_may() -> None:
    cache = KeyCache(OLD, capacity=2)

    for _ in range(5):
        cache.signer(OLD.seal(SECRET, ALICE), ALICE)

    assert len(cache) == 2


def test_a_created_key_file_is_private_and_seals(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"

    create_key_file(path)

    assert path.stat().st_mode & 0o777 == 0o600
    ring = KeyRing.load(path)
    assert ring.open(ring.seal(SECRET, ALICE), ALICE) == SECRET
    assert [entry.name for entry in tmp_path.iterdir()] == ["keys.json"]


def test_creating_keys_leaves_existing_ones_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    create_key_file(path)
    before = path.read_bytes()

    create_key_file(path)

    assert path.read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o602])
def test_a_key_file_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys.json"
    create_key_file(path)
    path.chmod(mode)

    with pytest.raises(SignerMisconfigured, match="mode 0600"):
        KeyRing.load(path)


def test_a_key_file_behind_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    create_key_file(tmp_path / "keys.json")
    (tmp_path / "link.json").symlink_to(tmp_path / "keys.json")

    with pytest.raises(SignerMisconfigured, match="cannot read"):
        KeyRing.load(tmp_path / "link.json")


KEY = base64.b64encode(b"k" * 32).decode()


@pytest.mark.parametrize(
    "document",
    [
        pytest.param("", id="empty"),
        pytest.param(KEY, id="a bare key"),
        pytest.param(json.dumps({"keys": {"00" * 8: KEY}}), id="no active key"),
        pytest.param(json.dumps({"keys": {"00" * 8: KEY}, "active": "11" * 8}), id="an active key that is absent"),
        pytest.param(json.dumps({"keys": {"00" * 7: KEY}, "active": "00" * 7}), id="a short id"),
        pytest.param(json.dumps({"keys": {"00" * 8: KEY[:-4]}, "active": "00" * 8}), id="a short key"),
        pytest.param(json.dumps({"keys": {"00" * 8: KEY + "!"}, "active": "00" * 8}), id="not base64"),
        pytest.param(json.dumps({"keys": [KEY], "active": "00" * 8}), id="a list of keys"),
        pytest.param(json.dumps([KEY]), id="a list"),
    ],
)
def test_a_malformed_key_file_is_refused_without_quoting_it(tmp_path: Path, document: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(document)
    path.chmod(0o600)

    with pytest.raises(SignerMisconfigured) as caught:
        KeyRing.load(path)

    assert KEY[:20] not in str(caught.value)
    assert caught.value.__cause__ is None
