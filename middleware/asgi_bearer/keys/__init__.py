"""Where keys come from. `static`: at hand. `remote`: fetched as `fetching` does it, when `freshness` says.

`verification_key`: what a key is once it is trusted.
"""

from .refresh_schedule import FetchSettings
from .remote import RemoteKeys
from .static import StaticKeys
from .status import Counters, KeyStatus

__all__ = ["Counters", "FetchSettings", "KeyStatus", "RemoteKeys", "StaticKeys"]
