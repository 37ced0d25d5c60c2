"""USE CASES: one short function each: load facts in batches, call verbs, store results."""
