"""Held websockets: what one costs in memory, and how soon all of them end when their tokens are taken back."""

ISSUER, AUDIENCE = "https://login.example.com/", "orders-api"
