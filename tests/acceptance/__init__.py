"""pytest in pytest, as a user would run it."""
