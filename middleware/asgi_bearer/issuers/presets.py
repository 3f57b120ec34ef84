"""What `Issuer` needs to know of the providers that people use, as values and not as code of its own.

    Issuer(**presets.keycloak("https://sso.example.com", realm="shop"), audience="orders-api", keys=keys)

Each gives the exact `iss`, the algorithms and where the roles are. What a provider must be told in its console for its
access tokens to be JWTs with your audience is in docs/providers.md.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NotRequired, TypedDict

from ..errors import ConfigurationError
from ..names import as_strings


class IssuerSettings(TypedDict):
    """Arguments of `Issuer`."""

    issuer: str
    algorithms: tuple[str, ...]
    audience_claim: NotRequired[str]
    roles_claim: NotRequired[str | tuple[str, ...]]
    required_claims: NotRequired[Mapping[str, Any]]


def auth0(domain: str, *, roles_claim: str = "permissions") -> IssuerSettings:
    """Auth0. `domain`: "example.eu.auth0.com" or a custom one. Roles need a namespaced claim, set by an Action."""
    return {"issuer": f"https://{domain}/", "algorithms": ("RS256",), "roles_claim": roles_claim}


def keycloak(url: str, *, realm: str, client: str | None = None) -> IssuerSettings:
    """Keycloak. `url`: where it stands, without a slash behind. Realm roles, or those of one `client`."""
    path = ("realm_access", "roles") if client is None else ("resource_access", client, "roles")
    return {
        "issuer": f"{url}/realms/{realm}",
        "algorithms": ("RS256", "ES256", "Ed25519"),
        "roles_claim": path,
        "required_claims": {"typ": "Bearer"},  # its ID, refresh, logout and action tokens say something else
    }


def entra(tenant: str) -> IssuerSettings:
    """Microsoft Entra ID, version 2 tokens. `tenant`: the directory's GUID, not its domain name."""
    issuer = f"https://login.microsoftonline.com/{tenant}/v2.0"
    return {
        "issuer": issuer,
        "algorithms": ("RS256",),
        "roles_claim": "roles",
        "required_claims": {"ver": "2.0", "azp": None},  # an ID token has no `azp`
    }


def okta(domain: str, *, server: str = "default") -> IssuerSettings:
    """Okta. `server`: a custom authorization server's id; tokens of the org server are for Okta alone."""
    return {
        "issuer": f"https://{domain}/oauth2/{server}",
        "algorithms": ("RS256",),
        "roles_claim": "groups",
        "required_claims": {"cid": None},  # the client's id, which an ID token has as `aud` only
    }


def cognito(region: str, *, user_pool: str) -> IssuerSettings:
    """Amazon Cognito. Its access tokens have no `aud`: the audience is the app client's id."""
    return {
        "issuer": f"https://cognito-idp.{region}.amazonaws.com/{user_pool}",
        "algorithms": ("RS256",),
        "audience_claim": "client_id",
        "roles_claim": "cognito:groups",
        "required_claims": {"token_use": "access"},
    }


def google(*, accounts: Iterable[str] | Literal["any"]) -> IssuerSettings:
    """Google's tokens of service accounts for a service of yours; its users' access tokens are no JWTs.

    accounts: the service accounts that are admitted, all by e-mail address or all by numeric id (`sub`). Any account of
        any project can ask Google for a token with your audience, so the audience alone admits everybody. "any" does
        just that, for a `user_loader` that knows its accounts.

    Raises ConfigurationError.
    """
    settings: IssuerSettings = {"issuer": "https://accounts.google.com", "algorithms": ("RS256",)}
    if accounts == "any":
        return settings
    names = as_strings(accounts)
    emails = [name for name in names if isinstance(name, str) and "@" in name]
    numbers = [name for name in names if isinstance(name, str) and name.isdecimal()]
    if emails and len(emails) == len(names):
        return {**settings, "required_claims": {"email": emails, "email_verified": True}}
    if numbers and len(numbers) == len(names):
        return {**settings, "required_claims": {"sub": numbers}}
    instead = 'accounts=["orders@your-project.iam.gserviceaccount.com"], or "any" with a user_loader'
    raise ConfigurationError(
        [f"presets.google: accounts must be the e-mail addresses or the numeric ids of service accounts: {instead}"]
    )


def zitadel(domain: str, *, roles_claim: str = "roles") -> IssuerSettings:
    """Zitadel. Its own role claim is an object; `roles_claim` is a flat list that an Action of yours adds."""
    return {"issuer": f"https://{domain}", "algorithms": ("RS256", "ES256", "Ed25519"), "roles_claim": roles_claim}


def authentik(domain: str, *, application: str) -> IssuerSettings:
    """authentik, issuer mode "each provider". `application`: the application's slug."""
    return {
        "issuer": f"https://{domain}/application/o/{application}/",
        "algorithms": ("RS256", "ES256"),
        "roles_claim": "groups",
        "required_claims": {"scope": None},  # an ID token has none
    }
