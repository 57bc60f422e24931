"""Reading a parent's words with a language model; it can only read, and never sees a secret."""
