"""decision → message; receipt → what happens next."""
