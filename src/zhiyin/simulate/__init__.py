"""A market with known ground truth: demo, tests, load."""
