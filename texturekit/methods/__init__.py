"""Methods: a representation and what learns from it."""
