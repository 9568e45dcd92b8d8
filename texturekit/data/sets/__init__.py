"""YAML cards of image sets: what they are and where they lie; no image of them."""
