"""What a parent's words mean at the step they are in: a search, an action, or an answer in words."""
