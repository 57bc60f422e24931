"""Deployment: what the recipes say is run, as they say it."""
