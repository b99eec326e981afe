"""What outlives a run: its record, line by line, in a folder of its own. Plain data in, plain data out."""
