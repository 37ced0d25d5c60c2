"""decisions + outcomes → estimates with intervals."""
