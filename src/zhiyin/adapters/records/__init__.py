"""Rows with a status: Django models, one file per noun. The site boots Django before any is touched."""
