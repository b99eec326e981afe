"""One room a folder, as in the package."""
