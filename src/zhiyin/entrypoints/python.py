"""The Python door."""


class Shop:
    """A workspace for notebooks."""
