"""Subscriptions: what is to be notified when a token is revoked, such as open connections; found by identifier."""

import logging
from collections.abc import Callable

from ..tokens.identifiers import TokenIdentifiers

_log = logging.getLogger("asgi_bearer")


class Subscription:
    """One call that is wanted. `cancel()` ends it; a call that has begun by then still comes."""

    __slots__ = ("_cancel", "_notify", "identifiers")

    def __init__(
        self, identifiers: TokenIdentifiers, notify: Callable[[], None], cancel: Callable[["Subscription"], None]
    ) -> None:
        self.identifiers = identifiers
        self._notify = notify
        self._cancel = cancel

    def cancel(self) -> None:
        self._cancel(self)

    def notify(self) -> None:
        """Whatever it raises is logged: the next one must be told too."""
        try:
            self._notify()
        except Exception as error:
            _log.error("a subscription on revocations failed: %s", type(error).__name__)


class Subscriptions:
    """By identifier. Its owner lets in one thread at a time."""

    def __init__(self) -> None:
        self._by_identifier: dict[str, set[Subscription]] = {}

    def put(self, subscription: Subscription) -> None:
        for identifier in subscription.identifiers.names:
            self._by_identifier.setdefault(identifier, set()).add(subscription)

    def discard(self, subscription: Subscription) -> None:
        for identifier in subscription.identifiers.names:
            subscriptions = self._by_identifier.get(identifier, set())
            subscriptions.discard(subscription)
            if not subscriptions:
                self._by_identifier.pop(identifier, None)

    def take(self, identifier: str, before: float) -> list[Subscription]:
        """Those with this identifier whose token was issued at or before the instant; they are here no longer."""
        listed = self._by_identifier.get(identifier, ())
        concerned = [one for one in listed if one.identifiers.issued_at <= before]
        for subscription in concerned:
            self.discard(subscription)
        return concerned
