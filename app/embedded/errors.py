class EmbeddedError(Exception):
    """One sentence for the person at the terminal."""
