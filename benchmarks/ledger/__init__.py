"""What the ledger costs, on a PostgreSQL of its own; `python -m benchmarks.ledger --help`."""
