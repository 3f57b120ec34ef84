"""Whatever is handed to a constructor, it works or one ConfigurationError says why: no other exception comes out."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from asgi_bearer import ConfigurationError, Issuer, StaticKeys, TokenIssuer, optional, protected, public
from tests.asgi import Recorder, guarded
from tests.keys import PRIVATE_KEYS, SECRET, public_jwk, public_pem
from tests.tokens import AUDIENCE, ISSUER, issuer

ODD: list[Any] = [
    None,
    0,
    1.5,
    True,
    b"x",
    "",
    "\ud800",
    [],
    [None],
    [[]],
    [b"x"],
    {},
    {"a": 1},
    {1},
    10**30,
    ...,
    str,
]
PEM = public_pem(PRIVATE_KEYS["RS256"])


def key_setting(make: Callable[..., StaticKeys], name: str, **arguments: Any) -> Callable[[Any], object]:
    return lambda odd: guarded(Recorder(), issuers=Issuer(ISSUER, AUDIENCE, keys=make(**{**arguments, name: odd})))


def token_issuer(name: str) -> Callable[[Any], object]:
    return lambda odd: TokenIssuer(**{"issuer": ISSUER, "audience": AUDIENCE, "key": SECRET, name: odd})


def issuer_setting(name: str) -> Callable[[Any], object]:
    settings = {"issuer": ISSUER, "audience": AUDIENCE, "keys": StaticKeys.from_secret(SECRET)}
    return lambda odd: guarded(Recorder(), issuers=Issuer(**{**settings, name: odd}))


def setting(name: str) -> Callable[[Any], object]:
    return lambda odd: guarded(Recorder(), **{"issuers": issuer(), name: odd})


def jwk_member(name: str) -> Callable[[Any], object]:
    return lambda odd: key_setting(StaticKeys.from_jwks, "jwks")({"keys": [{**public_jwk("RS256"), name: odd}]})


MAKERS: dict[str, Callable[[Any], object]] = {
    **{
        name: setting(name)
        for name in ("issuers", "allow", "unlisted", "user_loader", "realm", "cache", "connections", "clock")
    },
    **{
        f"Issuer {name}": issuer_setting(name)
        for name in ("issuer", "audience", "keys", "algorithms", "token_type", "leeway", "max_age")
    },
    **{f"Issuer {name}": issuer_setting(name) for name in ("roles_claim", "audience_claim")},
    **{
        f"from_secret {name}": key_setting(StaticKeys.from_secret, name, secret=SECRET)
        for name in ("secret", "algorithm", "key_id")
    },
    **{f"from_pem {name}": key_setting(StaticKeys.from_pem, name, pem=PEM) for name in ("pem", "algorithm", "key_id")},
    "from_jwks": key_setting(StaticKeys.from_jwks, "jwks"),
    "from_jwks keys": lambda odd: key_setting(StaticKeys.from_jwks, "jwks")({"keys": odd}),
    **{f"a JWK's {name}": jwk_member(name) for name in ("kty", "n", "e", "kid", "alg", "use", "key_ops", "d")},
    **{
        f"TokenIssuer {name}": token_issuer(name)
        for name in ("issuer", "audience", "key", "algorithm", "lifetime", "client_id", "key_id")
    },
    "path of public": lambda odd: setting("allow")([public(odd)]),
    "path of optional": lambda odd: setting("allow")([optional(odd)]),
    "path of protected": lambda odd: setting("allow")([protected(odd)]),
    "methods": lambda odd: setting("allow")([public("/a", odd)]),
    "scopes": lambda odd: setting("allow")([protected("/a", scopes=odd)]),
    "roles": lambda odd: setting("allow")([protected("/a", roles=odd)]),
}


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)
def test_nothing_else_comes_out(maker: Callable[[Any], object], odd: Any) -> None:
    with suppress(ConfigurationError):
        assert maker(odd)


@pytest.mark.parametrize("odd", [7, [7], ["a", None], [["a"]], b"a", [b"a"], {1}], ids=repr)
def test_what_is_no_name_is_shown(odd: Any) -> None:
    shown = repr(odd[-1]) if isinstance(odd, list) else None
    makers = [MAKERS[name] for name in ("methods", "scopes", "roles", "Issuer audience", "Issuer algorithms")]
    for maker in makers:
        with pytest.raises(ConfigurationError) as refusal:
            maker(odd)
        if shown and maker in makers[:2]:
            assert shown in str(refusal.value)
