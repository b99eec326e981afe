"""Servers that speak `/v1/chat/completions`."""
