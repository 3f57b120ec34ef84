"""What registration and login accept: their bodies, read strictly and never further than a limit."""

import unicodedata
from contextlib import aclosing
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from asgi_bearer.strict_json import read_object

from .passwords import MAX_BYTES

_MAX_BODY = 16_384
_MAX_NAME = 64


@dataclass(frozen=True, slots=True)
class NameAndPassword:
    """Both in Unicode's NFC, since keyboards differ in how they compose a letter."""

    name: str
    password: str


async def read_registration(request: Request) -> NameAndPassword:
    """JSON `{"username", "password"}`, fit for a new account. Raises HTTPException 413, 415 or 422."""
    body = await _read_body(request, "application/json")
    try:
        members = read_object(body)
    except ValueError as error:
        raise HTTPException(422, "The body must be a JSON object with username and password") from error
    entered = _name_and_password(members.get("username"), members.get("password"))
    check_new(entered)
    return entered


async def read_login(request: Request) -> NameAndPassword:
    """The form of OAuth 2.0's password grant (RFC 6749 section 4.3.2). Raises HTTPException 413, 415 or 422."""
    body = await _read_body(request, "application/x-www-form-urlencoded")
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=20
        )
    except ValueError as error:
        raise HTTPException(422, "The body must be a form with username and password") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise HTTPException(422, "A field of the form occurs twice")
    if fields.get("grant_type", "") not in ("", "password"):
        raise HTTPException(422, 'grant_type must be "password"')
    return _name_and_password(fields.get("username"), fields.get("password"))


def check_new(entered: NameAndPassword) -> None:
    """What a new account's name and password must be. Raises HTTPException 422."""
    if len(entered.name) > _MAX_NAME:
        raise HTTPException(422, f"username must have at most {_MAX_NAME} characters")
    if entered.name != entered.name.strip():
        raise HTTPException(422, "username must not start or end with white space")
    for field, text in (("username", entered.name), ("password", entered.password)):
        if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in text):
            raise HTTPException(422, f"{field} must not contain control characters")
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


async def _read_body(request: Request, media_type: str) -> bytes:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != media_type:
        raise HTTPException(415, f"The content type must be {media_type}")
    body = b""
    async with aclosing(request.stream()) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > _MAX_BODY:
                raise HTTPException(413, f"The body must have at most {_MAX_BODY} bytes")
    return body
