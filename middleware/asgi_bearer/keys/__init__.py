"""Where keys come from. `static`: keys at hand. `verification_key`: what a key is once it is trusted."""

from .static import StaticKeys

__all__ = ["StaticKeys"]
