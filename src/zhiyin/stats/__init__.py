"""NUMBERS: intervals, buckets, bootstrap, posteriors. Imports nothing of ours."""
