"""VERBS, pure: no I/O, clock, randomness or global; siblings never import each other."""
