"""The allowlist: which requirement a request must meet, decided by its path, method and host.

Everything here is pure: no I/O, no clock, no event loop. `Policy.evaluate` is the only decider: the middleware,
`audit`, `explain` and the OpenAPI description all ask it.
"""
