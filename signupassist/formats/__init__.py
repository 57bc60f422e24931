"""How dates are written, where a language is to differ from what Django knows of it."""
