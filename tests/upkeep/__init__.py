"""What keeps the checkout itself sound: no secret in it, no package with a known hole."""
