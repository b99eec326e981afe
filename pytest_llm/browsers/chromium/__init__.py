"""Chromium, stepped frame by frame under virtual time."""
