"""The library that fetches: httpx or its successor httpx2, whichever the given client is from.

Without a client it is httpx, which the extra `remote` installs, and httpx2 only if that is the one that is there:
the two trust different certificates by default, and an update of another package must not change which.
"""

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx
    import httpx2

    HttpClient = httpx.AsyncClient | httpx2.AsyncClient

HttpLibrary = Any
"""The module httpx or httpx2: what is used of them is the same in both."""

_NAMES = ("httpx", "httpx2")


def library_of(client: object) -> HttpLibrary:
    """The library whose AsyncClient this is, or None. It is imported already if there is such a client."""
    libraries = [sys.modules[name] for name in _NAMES if name in sys.modules]
    return next((library for library in libraries if isinstance(client, library.AsyncClient)), None)


def default_library() -> HttpLibrary:
    """The one to use without a client, or None if neither is installed."""
    return next((import_module(name) for name in _NAMES if find_spec(name) is not None), None)
