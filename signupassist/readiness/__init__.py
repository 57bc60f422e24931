"""Is this installation ready for production? A module a phase, each from a look at what runs.

`findings` is how they say it, `phases` holds them together.
"""
