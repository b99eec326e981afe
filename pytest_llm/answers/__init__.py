"""From the text of a response to an Artifact: the answer, the thinking, the blocks of code and their languages."""
