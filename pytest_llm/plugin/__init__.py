"""The only room that knows pytest: hooks, options, items."""
