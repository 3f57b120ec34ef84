"""What a shared secret for HMAC must be, and the things that people hand in instead of one."""

import hashlib
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Iterator
from importlib.resources import files

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key, load_ssh_public_key

_HASH_BYTES = {"HS256": 32, "HS384": 48, "HS512": 64}

_GENERATE = "python -c 'import secrets; print(secrets.token_urlsafe({}))'"

_KEY_TEXT = (
    b"-----BEGIN",
    b"---- BEGIN",
    b"ssh-rsa ",
    b"ssh-dss ",
    b"ssh-ed25519 ",
    b"ecdsa-sha2-",
    b'"kty"',
    b'"keys"',
)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_FILE_ENDINGS = (b".pem", b".key", b".crt", b".cer", b".der", b".pub", b".json", b".jwk", b".jwks")


def secret_faults(secret: bytes, algorithm: str) -> Iterator[str]:
    """What is wrong with `secret` for `algorithm`, a sentence each with what to write instead."""
    size = _HASH_BYTES.get(algorithm)
    if size is None:
        yield f'a secret signs with HS256, HS384 or HS512, not {algorithm[:32]!a}; write algorithm="HS256"'
        return
    if len(secret) < size:
        yield (
            f"the secret has {len(secret)} bytes, {algorithm} needs {size} (RFC 7518 section 3.2); "
            f"make one with {_GENERATE.format(size)}"
        )
    elif _is_published(secret) or _is_repetition(secret):
        yield f"the secret is published or easily guessed; make one with {_GENERATE.format(size)}"
    if kind := _mistaken_for_secret(secret):
        yield (
            f"the secret is {kind}, which others can know and then sign with; "
            "write StaticKeys.from_pem or .from_jwks for a public key, and the text of the secret for a secret"
        )
    elif _has_surplus_white_space(secret):
        yield (
            "the secret begins or ends with white space, as a text does that ends in a newline, which would be a part "
            'of the key; strip it: secret.strip(), or secret.strip("\\ufeff") of a byte order mark'
        )


def _has_surplus_white_space(secret: bytes) -> bool:
    """Whether this is text with white space or a byte order mark at its ends. Random octets may end in any octet."""
    stripped = secret.removeprefix(_BYTE_ORDER_MARK).strip()
    try:
        return stripped != secret and all(char.isprintable() or char.isspace() for char in stripped.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _is_published(secret: bytes) -> bool:
    return any(hashlib.sha256(form).hexdigest()[:16] in _PUBLISHED for form in (secret, secret.strip()))


def _is_repetition(secret: bytes) -> bool:
    """A short unit said again and again, or hardly any different bytes."""
    period = (secret + secret).find(secret, 1)
    return period <= len(secret) // 2 or len(set(secret)) < 8


def _mistaken_for_secret(secret: bytes) -> str | None:
    """What this is, if it is a key, a certificate or the address of one (CVE-2022-29217 and its successors)."""
    text = secret.removeprefix(_BYTE_ORDER_MARK).strip()
    for form in (secret, text, _decoded(text)):  # binary as it is: its last byte may look like white space
        if kind := _key_material(form):
            return kind
    if b"://" in text[:12] or text.lower().endswith(_FILE_ENDINGS):
        return "a URL or a file's name"
    return None


def _key_material(text: bytes) -> str | None:
    if any(mark in text for mark in _KEY_TEXT):
        return "a key or certificate in text form"
    for load in (load_der_public_key, x509.load_der_x509_certificate, load_ssh_public_key, _load_der_private):
        try:
            load(text)
        except Exception:  # noqa: S112 - whatever a loader raises, it is not that kind of key
            continue
        return "a key or certificate"
    return None


def _load_der_private(text: bytes) -> None:
    load_der_private_key(text, password=None)


def _decoded(text: bytes) -> bytes:
    """The bytes behind a text in base64 or base64url, or nothing."""
    try:
        return a2b_base64(text.translate(bytes.maketrans(b"-_", b"+/")) + b"==")
    except Base64Error:
        return b""


def _published() -> frozenset[str]:
    lines = files(__package__).joinpath("published_secrets.txt").read_text("ascii").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))


_PUBLISHED = _published()
