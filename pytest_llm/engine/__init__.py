"""What is asked when, where and how often: one engine a run, also under pytest-xdist."""
