"""The whole way of one cell: what is asked of it, how the answer is judged, what is said in the end."""
