"""The demo model's trainer: the shipped cases and a folder of answers in, a GGUF of a few megabytes out."""
