"""ConnectionSettings: which connections end with their token, when, and what else websockets may bring a token in."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, get_args

_COOKIE_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?")
"""As browsers write it: lower case, no path, no trailing slash (RFC 6454 section 6.2)."""

_LONGEST_GRACE = timedelta(minutes=1)

EndingResponses = Literal["event_streams", "all", "none"]
RevokedResponses = Literal["abort", "deliver"]


@dataclass(frozen=True)
class CookieToken:
    """A cookie that holds a token. Browsers send it from every site, so it counts only with one of these origins."""

    name: str
    origins: Iterable[str]
    """Each compared exactly with the Origin header, such as "https://app.example.com"."""

    def __post_init__(self) -> None:
        if not isinstance(self.origins, str):
            object.__setattr__(self, "origins", tuple(self.origins))

    def errors(self) -> Iterator[str]:
        """What is wrong, a sentence each with what to write instead."""
        if not isinstance(self.name, str) or not _COOKIE_NAME.fullmatch(self.name):
            yield f"connections: {self.name!r} is no name of a cookie (RFC 6265 section 4.1.1)"
        if isinstance(self.origins, str) or not self.origins:
            yield 'connections: origins of a CookieToken must be a list such as ["https://app.example.com"]'
            return
        for origin in self.origins:
            if not isinstance(origin, str) or not _ORIGIN.fullmatch(origin):
                yield f'connections: {origin!r} is no origin; write "https://app.example.com": no path, no slash, no *'


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """Websockets end with their token, at `exp` plus leeway or when it is revoked. The rest is set here.

    ending_responses: which responses end with their token, too. "event_streams": `text/event-stream` answers to a GET;
        every other response is one answer to one request, and is delivered whole. "all": whatever is sent bit by bit
        without a `Content-Length`. "none".
    revoked_responses: what becomes of a response that is being sent, and does not end with its token, when the token is
        revoked. "abort": the client gets an incomplete message and notices. "deliver": all of it.
    max_age: websockets and ending responses end earlier, so long after their beginning, or after the latest renewal
        with a token that lives longer.
    grace: for how long the app may go on after the end, to tidy up; then it is cancelled.
    last_event: a `text/event-stream` gets a last event, `token_expired` or `token_revoked`.
    renewal: the client of a websocket may hand in a fresh token with a message `bearer.renew`.
    subprotocol: a websocket may bring its token in `Sec-WebSocket-Protocol: bearer, <token>`.
    cookie: a websocket may bring its token in this cookie, from these origins; None for no cookie.
    """

    ending_responses: EndingResponses = "event_streams"
    revoked_responses: RevokedResponses = "abort"
    max_age: timedelta | None = None
    grace: timedelta = timedelta(seconds=3)
    last_event: bool = False
    renewal: bool = False
    subprotocol: bool = False
    cookie: CookieToken | None = None

    def errors(self) -> Iterator[str]:
        """What is wrong, a sentence each with what to write instead."""
        for name, choices in (("ending_responses", EndingResponses), ("revoked_responses", RevokedResponses)):
            if getattr(self, name) not in get_args(choices):
                yield f"connections: {name} must be one of {', '.join(map(repr, get_args(choices)))}"
        if self.max_age is not None and not (isinstance(self.max_age, timedelta) and self.max_age > timedelta(0)):
            yield "connections: max_age must be a timedelta over 0, such as timedelta(hours=1), or None"
        if not isinstance(self.grace, timedelta) or not timedelta(0) < self.grace <= _LONGEST_GRACE:
            yield "connections: grace must be a timedelta over 0, of a minute at most, such as timedelta(seconds=3)"
        for name in ("last_event", "renewal", "subprotocol"):
            if not isinstance(getattr(self, name), bool):
                yield f"connections: {name} must be True or False"
        if isinstance(self.cookie, CookieToken):
            yield from self.cookie.errors()
        elif self.cookie is not None:
            yield 'connections: cookie must be CookieToken("name", origins=["https://app.example.com"]), or None'
