"""`python -m asgi_bearer` is the same as `asgi-bearer`."""

import sys

from .audit.command_line import main

sys.exit(main())
