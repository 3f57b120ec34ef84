"""Tokens that are taken back before they end."""

from .readiness import RevocationReadiness
from .redis_stream import RedisRevocations
from .revocation import Revocation
from .revocations import Revocations
from .sqlite_file import SqliteRevocations

__all__ = ["RedisRevocations", "Revocation", "RevocationReadiness", "Revocations", "SqliteRevocations"]
