"""The pages below /auth, a file a subject: forms in, services called, pages out."""
