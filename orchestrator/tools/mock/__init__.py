"""Tools that need no server: a small, believable catalogue that behaves like a provider."""
