"""From the name of a model to a ModelRef: Modelfiles, their grammar and lint, what a GGUF header says."""
