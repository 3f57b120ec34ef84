"""Tokens that are taken back before they end."""

from .readiness import RevocationReadiness
from .revocation import Revocation
from .revocations import Revocations

__all__ = ["Revocation", "RevocationReadiness", "Revocations"]
