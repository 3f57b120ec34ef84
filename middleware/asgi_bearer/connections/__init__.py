"""Websockets and streams end with their token."""

from .settings import ConnectionSettings, CookieToken

__all__ = ["ConnectionSettings", "CookieToken"]
