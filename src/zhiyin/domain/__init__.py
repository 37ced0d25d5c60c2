"""The nouns: one file each, frozen; reasons, errors and ports. Imports nothing of ours."""
