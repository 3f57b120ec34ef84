"""Identify: the user of verified claims, Starlette's view of it, and the app's own loader."""

import copy
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.authentication import BaseUser

from asgi_bearer import AnonymousUser, Claims, User
from asgi_bearer.errors import UserRejected
from asgi_bearer.tokens.frozen_json import LazyFrozenObject
from asgi_bearer.tokens.users import NO_CREDENTIALS, starlette_credentials
from asgi_bearer.user_loader import load_user

pytestmark = pytest.mark.anyio

CLAIMS = Claims(
    issuer="https://login.example.com/",
    subject="suman",
    audience=("orders-api",),
    scopes=frozenset({"b", "a"}),
    roles=frozenset({"staff"}),
    expires_at=1_800_000_300.5,
    issued_at=1_800_000_000.0,
    valid_from=1_800_000_000.0,
    valid_until=1_800_000_300.5,
    claims_set=LazyFrozenObject({"sub": "suman", "email": "suman@example.com"}),
)


def test_a_user_is_what_the_claims_say() -> None:
    user: Any = User(CLAIMS)
    assert isinstance(user, User)
    assert isinstance(user, BaseUser)
    assert (user.subject, user.scopes, user.roles) == ("suman", CLAIMS.scopes, CLAIMS.roles)
    assert (str(user), user.display_name, user.identity, user.is_authenticated) == ("suman", "suman", "suman", True)
    assert user.claims["email"] == "suman@example.com"
    assert user.issuer == "https://login.example.com/"
    assert user.expires_at == datetime(2027, 1, 15, 8, 5, 0, 500_000, UTC)


def test_a_user_cannot_be_changed() -> None:
    user: Any = User(CLAIMS)
    with pytest.raises(AttributeError):
        user.subject = "root"
    with pytest.raises(TypeError):
        user.claims["sub"] = "root"
    with pytest.raises(AttributeError, match=r"request\.state"):
        user.tenant = "one that the next request with this token would see"
    with pytest.raises(AttributeError):
        del user.tenant


def test_a_copy_of_a_user_is_equal() -> None:
    user = User(CLAIMS)
    assert copy.copy(user) == pickle.loads(pickle.dumps(user)) == user


def test_an_anonymous_user_is_nobody() -> None:
    user = AnonymousUser()
    assert isinstance(user, BaseUser)
    assert (str(user), user.subject, user.display_name, user.identity) == ("", "", "", "")
    assert (user.is_authenticated, user.scopes, user.roles, dict(user.claims)) == (False, frozenset(), frozenset(), {})
    assert {user, AnonymousUser()} == {user}


async def test_a_loader_decides_who_it_is() -> None:
    async def load(claims: Claims) -> Any:
        return {"suman": 42}.get(claims.subject)

    assert await load_user(CLAIMS, load) == 42


async def test_B11_a_user_that_the_loader_does_not_know_is_refused() -> None:
    async def load(claims: Claims) -> Any:
        return None

    with pytest.raises(UserRejected):
        await load_user(CLAIMS, load)


@pytest.mark.parametrize("falsy", [0, "", False, [], {}])
async def test_only_None_means_nobody(falsy: Any) -> None:
    async def load(claims: Claims) -> Any:
        return falsy

    assert await load_user(CLAIMS, load) == falsy


def test_two_users_are_the_same_if_their_claims_are() -> None:
    same, other = User(CLAIMS._replace()), User(CLAIMS._replace(issuer="https://other.example.com/"))
    assert User(CLAIMS) == same
    assert User(CLAIMS) != other
    assert User(CLAIMS) != "suman"
    assert {User(CLAIMS), same, other} == {same, other}
    assert repr(same) == "User(subject='suman', issuer='https://login.example.com/')"


def test_starlette_sees_the_scopes() -> None:
    assert starlette_credentials(CLAIMS.scopes).scopes == ["authenticated", "a", "b"]
    assert NO_CREDENTIALS.scopes == []


def test_what_starlette_sees_cannot_be_changed() -> None:
    credentials = starlette_credentials(CLAIMS.scopes)
    with pytest.raises(AttributeError):
        credentials.scopes = ["admin"]
    with pytest.raises(AttributeError):
        del credentials.scopes
    with pytest.raises(TypeError):
        credentials.scopes.append("admin")
    assert starlette_credentials(CLAIMS.scopes).scopes == ["authenticated", "a", "b"]


def public_attributes(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


def test_the_anonymous_user_has_every_attribute_of_a_user() -> None:
    assert public_attributes(User) <= public_attributes(AnonymousUser)
    for name in public_attributes(User):
        assert not getattr(AnonymousUser(), name)


@pytest.mark.parametrize("user", [User(CLAIMS), AnonymousUser()], ids=["a user", "the anonymous user"])
def test_what_channels_sets_changes_no_user(user: Any) -> None:
    """`AuthMiddlewareStack` puts the user of its session into the one that it finds in the scope."""
    before = repr(user)
    user._wrapped = "the user of a session"
    assert repr(user) == before
    assert not hasattr(user, "_wrapped")
    with pytest.raises(AttributeError, match="cannot be changed"):
        user.subject = "other"
