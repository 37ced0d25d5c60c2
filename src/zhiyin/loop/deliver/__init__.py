"""decision → message; receipt → event."""
