"""Every way a request can end badly, brought about through the API by real causes.

Each function of these rooms takes a `World`, lets one thing go wrong and returns the answer to the
request that met it. What the answer must be stands in `test_catalogue.py`.
"""
