"""A run as one HTML file: its record becomes plain data, packed into a page with the script that shows it."""
