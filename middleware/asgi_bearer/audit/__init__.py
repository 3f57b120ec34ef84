"""The allowlist read aloud: which rule decides each route of an app, and why. Not for requests."""
