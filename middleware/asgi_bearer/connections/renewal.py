"""Renewal: the messages by which a websocket's client hands in a fresh token.

client   {"type": "bearer.renew", "access_token": "eyJ…"}
answer   {"type": "bearer.renewed", "expires_at": 1800000300}
     or  {"type": "bearer.refused", "error": "invalid_token"}   and the connection goes on until its old end
"""

import json

from starlette.types import Message

from ..errors import AuthError, InvalidToken
from ..tokens.strict_json import read_object
from ..tokens.verified_token import VerifiedToken

RENEW = "bearer.renew"
_QUOTED = f'"{RENEW}"'
_LONGEST = 65_536
"""Characters; no token that is accepted needs so many."""


def read_renewal(message: Message) -> str | None:
    """The token that a message hands in; an empty one where it hands in none; None for a message of the app's."""
    text = message.get("text")
    if not text or len(text) > _LONGEST or _QUOTED not in text:  # most are told apart without reading
        return None
    try:
        members = read_object(text.encode())
    except ValueError:
        return None
    if members.get("type") != RENEW:
        return None
    token = members.get("access_token")
    return token if isinstance(token, str) else ""


def renewed(token: VerifiedToken) -> Message:
    """expires_at: `exp`, seconds since 1970."""
    return _text({"type": "bearer.renewed", "expires_at": token.claims.expires_at})


def refused(error: AuthError) -> Message:
    return _text({"type": "bearer.refused", "error": _name(error)})


def _name(error: AuthError) -> str:
    """What RFC 6750 calls it. A malformed field is a token that is none."""
    if error.status == 400:
        return InvalidToken.code
    return error.error or error.code


def _text(members: dict[str, object]) -> Message:
    return {"type": "websocket.send", "text": json.dumps(members)}
