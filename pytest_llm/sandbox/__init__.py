"""A foreign program within walls: processes, namespaces, control groups."""
