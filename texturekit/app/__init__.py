"""A page and a REST service for a saved model, on this machine."""
