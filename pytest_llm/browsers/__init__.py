"""What becomes of a page: lanes, each a browser in a namespace of its own, and what they report."""
