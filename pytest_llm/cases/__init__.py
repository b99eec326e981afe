"""From a case file to a Case, from a Case to its Cells, from a Cell to the ChatRequest that is sent."""
