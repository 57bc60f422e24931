"""Benchmarks: each runs both sides in one go, on the same live server, and prints a ratio."""
