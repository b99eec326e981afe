"""The command line `pytest-llm`; what needs cells or ini values asks pytest itself."""
