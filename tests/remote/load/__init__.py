"""Keys under load: a real server, and a provider that rotates, is flooded with junk, and dies.

`python -m tests.remote.load` runs it in full size and prints the figures.
"""
