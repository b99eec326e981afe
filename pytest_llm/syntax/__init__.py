"""What stands in a text of code, read from a syntax tree in a process of its own."""
