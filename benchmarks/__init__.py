"""How much time a bearer token costs: ours, our peers, and the signature's verification alone."""
