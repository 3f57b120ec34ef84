"""Secrets that everybody can read, and the list that the library keeps of them: `python -m tests.published_secrets`.

The library keeps no text, only the first 8 bytes of SHA-256 of each form that somebody may configure: the text, without
white space around it, and the bytes behind it if it is base64, base64url (as the `k` of a JWK is) or hexadecimal.
Secrets of fewer than 32 bytes are left out, since none of them is accepted.
"""

import hashlib
import json
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import asgi_bearer

VECTORS = Path(__file__).parent / "vectors" / "known_weak_ge32.json"
LIST = Path(asgi_bearer.__file__).parent / "keys" / "published_secrets.txt"
SHORTEST = 32

SOURCES: Mapping[str, Sequence[str]] = {
    "RFC 7515 appendix A.1.1 (also RFC 7517 appendix A.3 and RFC 7519 section 3.1)": (
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    ),
    "RFC 7520 sections 3.5 and 3.6": (
        "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg",
        "AAPapAv4LbFbiVawEjagUBluYqN5rhna-8nuldDvOx8",
    ),
    "jwt.io": (
        "a-string-secret-at-least-256-bits-long",
        "a-valid-string-secret-that-is-at-least-384-bits-long",
        "a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long",
    ),
    "FastAPI, tutorial, OAuth2 with JWT": ("09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",),
    "NestJS, documentation, Authentication": (
        "DO NOT USE THIS VALUE. INSTEAD, CREATE A COMPLEX SECRET AND KEEP IT SAFE OUTSIDE OF THE SOURCE CODE.",
    ),
    "Supabase, local development and self-hosting": (
        "super-secret-jwt-token-with-at-least-32-characters-long",
        "your-super-secret-jwt-token-with-at-least-32-characters-long",
    ),
    "Hasura, documentation, Authentication using JWTs": (
        "3EK6FD+o0+c7tzBNVfjpMkNDi2yARAAKzQlk8O2IKoxQu4nF7EdAh8s3TwpHwrdWT6R",
    ),
    "Nhost, command line, local defaults": ("0f987876650b4a085e64594fae9219e7781b17506bec02489ad061fba8cb22db",),
    "Spring Boot tutorials with jjwt": ("404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970",),
    "ASP.NET and Next.js tutorials of jasonwatmore.com": (
        "THIS IS USED TO SIGN AND VERIFY JWT TOKENS, REPLACE IT WITH YOUR OWN SECRET, IT CAN BE ANY STRING",
    ),
    "PostgREST, documentation, tutorial 1": ("reallyreallyreallyreallyverysafe",),
    "Nacos, default of token.secret.key": ("SecretKey012345678901234567890123456789012345678901234567890123456789",),
    "Apache Superset, documentation (CVE-2023-27524)": ("CHANGE_ME_TO_A_COMPLEX_RANDOM_SECRET",),
}
"""By where they are published."""


def published() -> list[str]:
    """All of them, also those of github.com/wallarm/jwt-secrets (commit 99e2360, MIT licence)."""
    listed: list[str] = json.loads(VECTORS.read_text("utf-8"))["secrets_ge_32_bytes"]
    return [*listed, *(secret for secrets in SOURCES.values() for secret in secrets)]


def forms(secret: str) -> Iterator[bytes]:
    """What somebody may configure of it, if it is long enough to be accepted."""
    text = secret.encode("utf-8", "surrogatepass")
    for form in {text, text.strip(), _from_base64(text.strip()), _from_hex(text.strip())}:
        if len(form) >= SHORTEST:
            yield form


def _from_base64(text: bytes) -> bytes:
    try:
        return a2b_base64(text.translate(bytes.maketrans(b"-_", b"+/")) + b"==", strict_mode=False)
    except Base64Error:
        return b""


def _from_hex(text: bytes) -> bytes:
    try:
        return bytes.fromhex(text.decode("ascii"))
    except ValueError:
        return b""


def lines() -> Iterator[str]:
    yield "# The first 8 bytes of SHA-256, in hex, of secrets that are published: they pass a length check and are"
    yield "# known to everybody. Made by `python -m tests.published_secrets`, which names the sources."
    yield from sorted({hashlib.sha256(form).hexdigest()[:16] for secret in published() for form in forms(secret)})


if __name__ == "__main__":
    LIST.write_text("\n".join(lines()) + "\n", "ascii")
