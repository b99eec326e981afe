"""`pytest-llm import promptfooconfig.yaml`: case files of what has a counterpart, and a list of what has none."""
