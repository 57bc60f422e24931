"""What happens to accounts, a file a subject; each deed with its record, or not at all."""
