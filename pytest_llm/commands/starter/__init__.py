"""`pytest-llm init` and `pytest-llm new`: the first files of a project, and one more case."""
