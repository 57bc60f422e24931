"""What forgetting costs; `python -m benchmarks.cleanup --help`."""
