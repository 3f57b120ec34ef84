"""TrustedIssuer: what is built of an `Issuer` once its declaration is validated."""

from ..keys.remote import RemoteKeys, RemoteKeySource
from ..keys.static import StaticKeySource
from ..keys.verification_key import KeyRing
from ..seams import KeySource
from ..tokens.claims import ClaimsPolicy
from .issuer import Issuer


class TrustedIssuer:
    """policy: what its tokens must say. keys: where its keys come from. never_changes: whether both stay."""

    def __init__(self, issuer: Issuer, *, is_dynamic: bool = False) -> None:
        self.issuer = issuer
        self.name = issuer.name
        self.policy: ClaimsPolicy = issuer.claims_policy()
        self.keys: KeySource = _key_source(issuer)
        self.never_changes = isinstance(self.keys, StaticKeySource) and not is_dynamic


def _key_source(issuer: Issuer) -> KeySource:
    if isinstance(issuer.keys, RemoteKeys):
        return RemoteKeySource(
            issuer.name, issuer.keys, issuer.algorithms, allow_loopback_http=issuer.allow_loopback_http
        )
    return StaticKeySource(issuer.name, KeyRing.of(issuer.keys.keys, issuer.algorithms))
