"""Where keys come from. `static`: at hand. `remote`: fetched as `fetching` does it, when `freshness` says.

`verification_key`: what a key is once it is trusted.
"""

from .freshness import FetchRules
from .readiness import Counters, Readiness
from .remote import RemoteKeys
from .static import StaticKeys

__all__ = ["Counters", "FetchRules", "Readiness", "RemoteKeys", "StaticKeys"]
