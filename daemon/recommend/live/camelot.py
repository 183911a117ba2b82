"""Keys on the Camelot wheel, as DJ programs name them: 8A is A minor, 8B C major, neighbours are a fifth apart."""


def camelot(key: int) -> str:
    """The name of a Profile's key; empty where it is not known."""
    if key < 0:
        return ""
    major = key if key < 12 else (key + 3) % 12  # the relative one
    return f"{(7 * major + 7) % 12 + 1}{'B' if key < 12 else 'A'}"
