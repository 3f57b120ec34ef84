"""The value: what it concerns, how long it must be remembered, and what a store may bring instead of it."""

import json
import math
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_bearer import Revocation, Revocations
from asgi_bearer.revocation.index import RevocationIndex
from asgi_bearer.revocation.revocation import LATEST_END, read_revocation, write_revocation
from asgi_bearer.tokens.identifiers import identifier_of, identifiers_of, read_identifier
from asgi_bearer.tokens.users import User
from tests.revocation.tokens import HOUR, clock, identifiers, verified
from tests.tokens import ABSENT, ISSUER, NOW

LEEWAY = 300


def takes_back(revocation: Revocation, **token: Any) -> bool:
    copy = RevocationIndex()
    copy.add(revocation, NOW)
    return copy.is_revoked(identifiers(**token))


def test_a_token_is_remembered_until_no_leeway_can_let_it_in() -> None:
    expected = Revocation("token", ISSUER, "a1", NOW + 300 + LEEWAY)
    assert Revocation.token(verified()) == expected
    assert Revocation.token(User(verified())) == expected


@pytest.mark.parametrize("token_id", [ABSENT, ""])
def test_a_token_without_jti_is_no_one_token(token_id: Any) -> None:
    with pytest.raises(ValueError, match="take back its subject or its session"):
        Revocation.token(verified(jti=token_id))


@pytest.mark.parametrize(
    ("revocation", "concerned", "others"),
    [
        (Revocation.token(verified()), {}, [{"jti": "a2"}, {"jti": ABSENT}, {"jti": "A1"}]),
        (Revocation.subject(ISSUER, "suman", lifetime=HOUR, before=NOW), {}, [{"sub": "other"}]),
        (
            Revocation.session(ISSUER, "s1", lifetime=HOUR, clock=clock),
            {"sid": "s1"},
            [{"sid": "s2"}, {}, {"sid": ["s1"]}],
        ),
        (Revocation.key(ISSUER, "k1", lifetime=HOUR, clock=clock), {}, [{"key_id": "k2"}, {"key_id": None}]),
        (Revocation("token", "https://other.example/", "a1", NOW + 9), None, [{}]),
        (Revocation("session", ISSUER, "a1", NOW + 9), None, [{}]),
    ],
    ids=["token", "subject", "session", "key", "another issuer", "another kind"],
)
def test_what_is_concerned(revocation: Revocation, concerned: Any, others: Any) -> None:
    if concerned is not None:
        assert takes_back(revocation, **concerned)
    for other in others:
        assert not takes_back(revocation, **other)


@pytest.mark.parametrize(
    ("issued_at", "revoked"),
    [(NOW - 1, True), (NOW, True), (NOW + 1, False), (NOW + 0.5, True), (NOW + 0.75, False), (ABSENT, True)],
)
def test_a_subjects_tokens_are_taken_back_up_to_an_instant(issued_at: Any, revoked: bool) -> None:
    revocation = Revocation.subject(ISSUER, "suman", lifetime=HOUR, clock=lambda: NOW + 0.5)
    copy = RevocationIndex()
    copy.add(revocation, NOW)
    issued = identifiers()._replace(issued_at=-math.inf if issued_at is ABSENT else issued_at)
    assert copy.is_revoked(issued) is revoked


def test_how_long_each_kind_is_remembered() -> None:
    assert Revocation.subject(ISSUER, "a", lifetime=HOUR, clock=clock).until == NOW + 3600 + LEEWAY
    assert Revocation.subject(ISSUER, "a", lifetime=HOUR, before=NOW - 60).until == NOW - 60 + 3600 + LEEWAY
    assert Revocation.session(ISSUER, "a", lifetime=HOUR, clock=clock).until == NOW + 3600 + LEEWAY
    assert Revocation.key(ISSUER, "a", lifetime=HOUR, clock=clock).until == NOW + 3600 + LEEWAY


YEAR_10000 = 253_402_300_800
LAST_INSTANTS = st.integers(YEAR_10000 - 1000, YEAR_10000 - 1) | st.floats(
    YEAR_10000 - 1000, YEAR_10000, exclude_max=True
)
LIFETIMES = st.timedeltas(timedelta(microseconds=1), timedelta.max)


def _is_remembered(revocation: Revocation, until: float) -> bool:
    """By a copy, as it was written, and as the copy would hand it in."""
    copy, again = RevocationIndex(), RevocationIndex()
    read = read_revocation(write_revocation(revocation))
    assert copy.add(read, NOW)
    copy.forget(math.nextafter(until, 0))
    known = copy.revocation(revocation.identifier)
    return known is not None and again.add(read_revocation(write_revocation(known)), NOW)


@given(expires_at=LAST_INSTANTS)
def test_a_token_that_expires_at_the_end_of_time_can_be_revoked(expires_at: float) -> None:
    token = verified(exp=expires_at)
    for revocation in (Revocation.token(token), Revocation.token(User(token))):
        assert _is_remembered(revocation, expires_at + LEEWAY)
        assert takes_back(revocation, exp=expires_at)


@given(instant=LAST_INSTANTS, lifetime=LIFETIMES)
def test_whatever_the_lifetime_it_is_remembered_until_no_token_can_be_valid(
    instant: float, lifetime: timedelta
) -> None:
    until = min(instant + lifetime.total_seconds() + LEEWAY, YEAR_10000 + LEEWAY)
    for revocation in (
        Revocation.subject(ISSUER, "suman", lifetime=lifetime, before=instant),
        Revocation.subject(ISSUER, "suman", lifetime=lifetime, clock=lambda: instant),
        Revocation.session(ISSUER, "s1", lifetime=lifetime, clock=lambda: instant),
        Revocation.key(ISSUER, "k1", lifetime=lifetime, clock=lambda: instant),
    ):
        assert _is_remembered(revocation, until)


@pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(seconds=-1), 3600, None])
def test_a_lifetime_is_a_timedelta_over_0(lifetime: Any) -> None:
    with pytest.raises(ValueError, match="lifetime must be a timedelta"):
        Revocation.session(ISSUER, "a", lifetime=lifetime)


@pytest.mark.parametrize(
    ("members", "why"),
    [
        (("user", ISSUER, "a", 1), "kind"),
        (("token", "", "a", 1), "texts"),
        (("token", ISSUER, "", 1), "texts"),
        (("token", ISSUER, 7, 1), "texts"),
        (("token", ISSUER, "a", -1), "until"),
        (("token", ISSUER, "a", math.inf), "until"),
        (("token", ISSUER, "a", math.nan), "until"),
        (("token", ISSUER, "a", LATEST_END + 0.1), "until"),
        (("token", ISSUER, "a", 10**400), "until"),
        (("token", ISSUER, "a", True), "until"),
        (("token", ISSUER, "a", "1"), "until"),
        (("token", ISSUER, "a", 1, 1), "before"),
        (("subject", ISSUER, "a", 1), "before"),
        (("subject", ISSUER, "a", 1, math.nan), "before"),
    ],
)
def test_no_other_value_is_made(members: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Revocation(*members)


@pytest.mark.parametrize("value", ["a1", "a b\0\r\n\x1b[31m", "ü", "\ud800", "7 x"])
@pytest.mark.parametrize("issuer", [ISSUER, "a b", "3 a"])
def test_what_is_written_is_read_again(issuer: str, value: str) -> None:
    for revocation in (Revocation("token", issuer, value, NOW), Revocation("subject", issuer, value, NOW, 7.5)):
        text = write_revocation(revocation)
        assert text.isascii()
        assert text.isprintable()
        assert read_revocation(text) == revocation
        assert read_revocation(text.encode()) == revocation
        assert read_identifier(revocation.identifier) == (revocation.kind, issuer, value)


def test_no_two_have_the_same_mark() -> None:
    assert identifier_of("token", "a", "b c") != identifier_of("token", "a b", "c")


def test_marks_are_those_of_revocations() -> None:
    found = identifiers_of(verified(sid="s1"), "k1")
    assert set(found.names) == {
        identifier_of("token", ISSUER, "a1"),
        identifier_of("subject", ISSUER, "suman"),
        identifier_of("session", ISSUER, "s1"),
        identifier_of("key", ISSUER, "k1"),
    }
    assert found.issued_at == NOW


def test_a_session_that_is_no_text_has_no_mark() -> None:
    found = identifiers_of(verified(sid=7), None)
    assert set(found.names) == {identifier_of("token", ISSUER, "a1"), identifier_of("subject", ISSUER, "suman")}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        "[1,2,3,4,5]",
        '["token","i","v",1]',
        '["token","i","v",1,null,null]',
        '["token","i","v",1e999,null]',
        '["token","i","v",NaN,null]',
        '["token","i",["v"],1,null]',
        '[["token"],"i","v",1,null]',
        '["user","i","v",1,null]',
        '["token","i","v",1,2]',
        '["token","i","v",' + "9" * 5000 + ",null]",
        "[" * 100_000,
        b"\xff\xfe",
        b"\x00",
    ],
)
def test_garbage_is_a_value_error(text: Any) -> None:
    with pytest.raises(ValueError):
        read_revocation(text)


@pytest.mark.anyio
async def test_the_example_of_the_docs() -> None:
    text = (Path(__file__).parents[2] / "docs" / "revocation.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, "revocation.md", "exec"), names)
    assert list(names["revocations"].errors()) == []
    assert (await names["ready"](None)).status_code == 503  # it never heard of the server
    names["revocations"] = Revocations()
    await names["take_back"](User(verified(sid="s1")))
    answer = await names["ready"](None)
    assert (answer.status_code, json.loads(answer.body)) == (200, {"revocations": "fresh"})
    assert names["revocations"].status().entries == 4
