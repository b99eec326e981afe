"""Exact tests, intervals and power: numbers in, numbers out."""
