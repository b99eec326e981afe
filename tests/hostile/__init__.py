"""Attacks, one table a wall: what an answer, a file of a pull request or a server was seen to do, and may not."""
