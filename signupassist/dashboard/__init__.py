"""The console's first page: how things stand, in pictures and in words.

`site` is its door, `ledger` and `service` make the tiles, `tiles` says what one is, and `charts` does
the sums behind the pictures.
"""
