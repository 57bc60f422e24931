"""Registrations: written down before anything leaves, settled once."""
