"""Requests per second and waiting times of every app under a real server, asked from another process."""
