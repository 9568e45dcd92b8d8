"""A study as a run folder with one self-contained page."""
