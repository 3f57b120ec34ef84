"""Fuzzing: configuration, keys, clock, headers and payloads together, several requests a case.

`cases.py` makes a case out of random choices and says what must come out; `test_fuzz.py` runs a few with a fixed seed;
`python -m tests.fuzz --minutes 30` runs new ones for as long as it is told and says how many.
"""
