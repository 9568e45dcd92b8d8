"""Image files as arrays of right pixels, one module a format, told by content."""
