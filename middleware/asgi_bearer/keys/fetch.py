"""What is fetched from a provider: its metadata and its JWK Set. Everything an answer may do is bounded.

`https` only, no redirects, no compression, one deadline for all, and no more bytes than allowed. These hold before any
response hook of the client is called.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from ssl import SSLContext
from typing import TYPE_CHECKING, Any

import anyio

from .http_client import HttpLibrary, default_library, library_of
from .jwk_set import KeySetFault, parse_key_set, read_published_keys
from .key_notes import KeyNote
from .verification_key import DeclaredKey

if TYPE_CHECKING:
    from .http_client import HttpClient

_MAX_AGE = re.compile(r"(?:^|[,\s])max-age=\"?(\d{1,9})", re.IGNORECASE)
_NOT_STORED = re.compile(r"(?:^|[,\s])no-(?:store|cache)\b", re.IGNORECASE)
_URL = re.compile(r"[\x21-\x5b\x5d-\x7e]{1,2048}")
_HEADERS = {
    "accept": "application/json",
    "accept-encoding": "identity",
    "cache-control": "no-cache",
    # A connection belongs to one event loop, and a fetch in ten minutes needs none kept.
    "connection": "close",
}


class FetchError(Exception):
    """A fetch that gave no keys. The text is ours and fixed, nothing that was answered is in it.

    notes: why each key of the set is not used, if that is the reason.
    """

    def __init__(self, text: str, notes: tuple[KeyNote, ...] = ()) -> None:
        super().__init__(text)
        self.notes = notes


@dataclass(frozen=True, slots=True)
class FetchedKeys:
    """The keys that a provider publishes. max_age: seconds, None where it says nothing."""

    keys: tuple[DeclaredKey, ...]
    notes: tuple[KeyNote, ...]
    """Why others are not used, and what is odd."""
    max_age: float | None


@dataclass(frozen=True, slots=True)
class Provider:
    """Where an issuer's keys are: at `jwks_uri`, or where the metadata of `issuer` say, when that is None."""

    issuer: str
    jwks_uri: str | None
    allow_loopback_http: bool

    def errors(self, library: HttpLibrary) -> Iterator[str]:
        url = self.issuer if self.jwks_uri is None else self.jwks_uri
        fault = url_fault(library, url, self.allow_loopback_http)
        if fault and self.jwks_uri is None:
            yield (
                f"its metadata cannot be fetched: {fault}; write the issuer's URL as it is in `iss`, "
                'or say where the keys are: keys=StaticKeys.from_jwks(…) or RemoteKeys("https://…")'
            )
        elif fault:
            yield f"jwks_uri: {fault}"
        elif self.jwks_uri is None and re.search("[?#]", self.issuer):
            yield "its metadata cannot be fetched: an issuer has no query and no fragment (RFC 8414 section 2)"


async def fetch_keys(provider: Provider, client: "HttpClient | None", max_bytes: int) -> FetchedKeys:
    """Its keys as they are now. Raises FetchError; how long it may take is the caller's."""
    if client is not None:
        return await _fetch_keys(provider, client, max_bytes)
    library = default_library()
    async with library.AsyncClient(verify=_usual_certificates(library)) as own:
        return await _fetch_keys(provider, own, max_bytes)


async def _fetch_keys(provider: Provider, client: "HttpClient", max_bytes: int) -> FetchedKeys:
    jwks_uri = provider.jwks_uri or await _discover(provider, client, max_bytes)
    answer = await _get(client, jwks_uri, max_bytes)
    if answer.status != 200:
        raise FetchError(f"the JWK Set was answered {answer.status}")
    try:
        keys, notes = read_published_keys(answer.body)
    except KeySetFault as fault:
        raise FetchError(f"the JWK Set cannot be read: {fault}") from fault
    except ValueError as error:
        raise FetchError("the JWK Set cannot be read") from error
    if not keys:  # a glitch far more often than the end of all keys
        raise FetchError("the JWK Set has no usable key", tuple(notes))
    return FetchedKeys(tuple(keys), tuple(notes), answer.max_age)


async def _discover(provider: Provider, client: "HttpClient", max_bytes: int) -> str:
    """The `jwks_uri` in the issuer's metadata, which must name this issuer (RFC 8414 section 3.3)."""
    for url in metadata_urls(provider.issuer):
        answer = await _get(client, url, max_bytes)
        if 400 <= answer.status < 500:
            continue
        if answer.status != 200:
            raise FetchError(f"the issuer's metadata were answered {answer.status}")
        try:
            metadata = parse_key_set(answer.body)
        except ValueError as error:
            raise FetchError("the issuer's metadata cannot be read") from error
        if metadata.get("issuer") != provider.issuer:
            raise FetchError("the metadata are of another issuer")
        jwks_uri = metadata.get("jwks_uri")
        if not isinstance(jwks_uri, str) or url_fault(library_of(client), jwks_uri, provider.allow_loopback_http):
            raise FetchError("the jwks_uri in the issuer's metadata is no https URL")
        return jwks_uri
    raise FetchError("the issuer has no metadata at its well-known URLs")


def metadata_urls(issuer: str) -> tuple[str, ...]:
    """Where an issuer's metadata may be: OpenID Connect Discovery section 4 first, then RFC 8414 section 3.1."""
    base = issuer.removesuffix("/")
    scheme, _, rest = base.partition("://")
    host, slash, path = rest.partition("/")
    inserted = f"{scheme}://{host}/.well-known"
    urls = (
        f"{base}/.well-known/openid-configuration",
        f"{inserted}/oauth-authorization-server{slash}{path}",
        f"{inserted}/openid-configuration{slash}{path}",
    )
    return tuple(dict.fromkeys(urls))


def url_fault(library: HttpLibrary, url: str, allow_loopback_http: bool) -> str | None:
    """Why nothing may be fetched from this URL. Read by the library that also makes the request."""
    if not _URL.fullmatch(url):
        return f"{url!r} is no URL"
    try:
        read = library.URL(url)
    except library.InvalidURL:
        return f"{url!r} is no URL"
    if not read.host or read.userinfo or "#" in url:
        return f"{url!r} must have a host, and no user, password or fragment"
    if read.scheme == "https" or (read.scheme == "http" and allow_loopback_http and _is_loopback(read.host)):
        return None
    return f"{url!r} is not https (Issuer(…, allow_loopback_http=True) admits http to this machine, for development)"


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes
    max_age: float | None


async def _get(client: "HttpClient", url: str, max_bytes: int) -> _Answer:
    library = library_of(client)
    with anyio.CancelScope() as too_many:
        limited = _LimitedClient(library, client, max_bytes, too_many)
        try:
            async with limited.client.stream("GET", url, headers=_HEADERS, follow_redirects=False) as response:
                body = await limited.body(response) if response.status_code == 200 else b""
        except (library.HTTPError, library.InvalidURL) as error:
            raise FetchError(f"the provider cannot be reached ({type(error).__name__})") from error
    if too_many.cancel_called or len(body) > max_bytes:
        raise FetchError(f"an answer has more than {max_bytes} bytes")
    return _Answer(response.status_code, body, _max_age(response.headers))


class _LimitedClient:
    """A copy of a client, which shares its connections, with a response hook before all others.

    The hook rejects compressed answers and counts the bytes of any other, whoever reads them first.
    """

    def __init__(self, library: HttpLibrary, client: Any, max_bytes: int, too_many: anyio.CancelScope) -> None:
        self._library = library
        self._max_bytes = max_bytes
        self._too_many = too_many
        self._read = bytearray()
        self.client = copy(client)
        hooks = client.event_hooks
        self.client.event_hooks = {**hooks, "response": [self._limit, *hooks["response"]]}

    async def body(self, response: Any) -> bytes:
        """The whole of it, also if a hook has read it."""
        try:
            body: bytes = await response.aread()
        except self._library.StreamConsumed:  # by a hook that kept nothing
            return bytes(self._read)
        return body

    async def _limit(self, response: Any) -> None:
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise FetchError("an answer is compressed, which was not asked for")
        self._read.clear()
        response.stream = _counted_stream(self._library)(response.stream, self._count)

    def _count(self, chunk: bytes) -> bool:
        """Whether the answer is short enough with this chunk."""
        if len(self._read) + len(chunk) > self._max_bytes:
            self._too_many.cancel()  # ends the next read; an exception here would leave generators open
            return False
        self._read += chunk
        return True


@cache
def _counted_stream(library: HttpLibrary) -> type[Any]:
    """A stream of this library's that asks of each chunk whether it is handed on."""

    class CountedStream(library.AsyncByteStream):  # type: ignore[misc]  # of one library or the other
        def __init__(self, stream: Any, count: Callable[[bytes], bool]) -> None:
            self._stream = stream
            self._count = count

        async def __aiter__(self) -> AsyncIterator[bytes]:
            async for chunk in self._stream:
                if self._count(chunk):
                    yield chunk

        async def aclose(self) -> None:
            await self._stream.aclose()

        def __getattr__(self, name: str) -> Any:
            return getattr(self._stream, name)

    return CountedStream


def _max_age(headers: Mapping[str, str]) -> float | None:
    """Seconds for which the answer is fresh still (RFC 9111 sections 4.2 and 5.2.2); None where it does not say."""
    directives = headers.get("cache-control", "")
    if _NOT_STORED.search(directives):
        return 0.0
    found = _MAX_AGE.search(directives)
    if found is None:
        return None
    age = headers.get("age", "0")
    return float(found[1]) - (float(age) if re.fullmatch(r"[0-9]{1,9}", age) else 0.0)


@cache
def _usual_certificates(library: HttpLibrary) -> SSLContext:
    """Read once: it takes longer than a fetch."""
    context: SSLContext = library.create_ssl_context()
    return context
