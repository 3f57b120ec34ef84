"""Tokens that are taken back before they end."""

from .redis import RedisRevocations
from .revocation import Revocation
from .revocations import Revocations
from .sqlite import SqliteRevocations
from .status import RevocationStatus

__all__ = ["RedisRevocations", "Revocation", "RevocationStatus", "Revocations", "SqliteRevocations"]
