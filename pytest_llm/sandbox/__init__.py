"""A foreign program within walls, and what an author brings within limits: processes, namespaces, patterns."""
