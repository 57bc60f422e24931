"""Killing the service at random instants, again and again, beside providers that keep books."""
