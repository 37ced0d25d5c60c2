"""events → traits, segments."""
