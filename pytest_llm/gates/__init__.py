"""What a run is held against: baselines, bars, the states of its cells, the word it ends with. Pure functions."""
