"""Firefox, in real time."""
