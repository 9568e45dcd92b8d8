"""The chapter on how a comparison was made, and what of it is not known."""
