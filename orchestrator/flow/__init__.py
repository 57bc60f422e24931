"""The signup flow, pure: what follows what, what is legal, and the words. No database, no network."""
