"""Websockets and streams end with their token."""

from .connection_rules import ConnectionRules, CookieToken

__all__ = ["ConnectionRules", "CookieToken"]
