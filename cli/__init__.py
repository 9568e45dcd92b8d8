"""The ``texturekit`` command: words and wiring only."""
