"""What registration, login and refreshing accept: their bodies, read strictly and never further than a limit."""

import unicodedata
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request

from asgi_bearer.tokens.strict_json import read_object

from .answers import GrantRefused
from .passwords import MAX_BYTES

_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_MAX_BODY = 16_384
_MAX_NAME = 64
_PATIENCE = 10.0
"""Seconds for a whole body to arrive."""

_IGNORABLE = (
    (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
"""Default_Ignorable_Code_Point of the Unicode Character Database 15.0, DerivedCoreProperties.txt: characters that are
not shown, so that two names with and without them look the same."""


@dataclass(frozen=True, slots=True)
class NameAndPassword:
    """Both in Unicode's NFC, since keyboards differ in how they compose a letter."""

    name: str
    password: str


async def read_registration(request: Request) -> NameAndPassword:
    """JSON `{"username", "password"}`, fit for a new account. Raises HTTPException 413, 415 or 422."""
    members = _read_json(await _read_body(request, _JSON), "username and password")
    entered = _name_and_password(members.get("username"), members.get("password"))
    check_new(entered)
    return entered


async def read_login(request: Request) -> NameAndPassword:
    """The form of OAuth 2.0's password grant (RFC 6749 section 4.3.2). Raises HTTPException 403, 413, 415 or 422.

    A form can be posted from any site, so that a page elsewhere could make its visitors' failures lock them out.
    """
    if request.headers.get("sec-fetch-site") == "cross-site":  # W3C Fetch Metadata; browsers alone send it
        raise HTTPException(403, "Log in from this site")
    fields = _read_form(await _read_body(request, _FORM), "username and password")
    if fields.get("grant_type", "") not in ("", "password"):
        raise HTTPException(422, 'grant_type must be "password"')
    return _name_and_password(fields.get("username"), fields.get("password"))


async def read_refresh(request: Request) -> str:
    """A refresh token, in the form of RFC 6749 section 6, or in JSON, where grant_type may be left out.

    Raises GrantRefused, or HTTPException 413 or 415.
    """
    body = await _read_body(request, _FORM, _JSON)
    try:
        if _media_type(request) == _JSON:
            fields = {"grant_type": "refresh_token", **_read_json(body, "refresh_token")}
        else:
            fields = _read_form(body, "grant_type and refresh_token")
    except HTTPException as error:
        raise GrantRefused("invalid_request", error.detail) from error
    grant_type, refresh_token = fields.get("grant_type"), fields.get("refresh_token")
    if grant_type is None or not isinstance(refresh_token, str) or not refresh_token:
        raise GrantRefused("invalid_request", "grant_type and refresh_token are needed")
    if grant_type != "refresh_token":
        raise GrantRefused("unsupported_grant_type", 'grant_type must be "refresh_token"')
    return refresh_token


def check_new(entered: NameAndPassword) -> None:
    """What a new account's name and password must be. Raises HTTPException 422."""
    if len(entered.name) > _MAX_NAME:
        raise HTTPException(422, f"username must have at most {_MAX_NAME} characters")
    if entered.name != entered.name.strip():
        raise HTTPException(422, "username must not start or end with white space")
    for field, text in (("username", entered.name), ("password", entered.password)):
        if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in text):
            raise HTTPException(422, f"{field} must not contain control characters")
    if any(first <= ord(character) <= last for character in entered.name for first, last in _IGNORABLE):
        raise HTTPException(422, "username must not contain invisible characters")
    if len(entered.password.encode("utf-8")) > MAX_BYTES:  # after the lone surrogates, which UTF-8 cannot write
        raise HTTPException(422, f"password must have at most {MAX_BYTES} bytes in UTF-8")


def _name_and_password(name: object, password: object) -> NameAndPassword:
    for field, value in (("username", name), ("password", password)):
        if value is None:
            raise HTTPException(422, f"{field} is missing")
        if not isinstance(value, str):
            raise HTTPException(422, f"{field} must be a string")
        if not value:
            raise HTTPException(422, f"{field} must not be empty")
    return NameAndPassword(unicodedata.normalize("NFC", str(name)), unicodedata.normalize("NFC", str(password)))


def _read_json(body: bytes, wanted: str) -> dict[str, Any]:
    try:
        return read_object(body)
    except ValueError as error:
        raise HTTPException(422, f"The body must be a JSON object with {wanted}") from error


def _read_form(body: bytes, wanted: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=20
        )
    except ValueError as error:
        raise HTTPException(422, f"The body must be a form with {wanted}") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise HTTPException(422, "A field of the form occurs twice")
    return fields


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _read_body(request: Request, *media_types: str) -> bytes:
    if _media_type(request) not in media_types:
        raise HTTPException(415, f"The content type must be {' or '.join(media_types)}")
    body = b""
    with anyio.move_on_after(_PATIENCE) as limit:
        async with aclosing(request.stream()) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) > _MAX_BODY:
                    raise HTTPException(413, f"The body must have at most {_MAX_BODY} bytes")
    if limit.cancelled_caught:
        raise HTTPException(408, f"The body must arrive within {_PATIENCE:.0f} seconds")
    return body
