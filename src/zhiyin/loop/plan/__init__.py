"""goals → intents."""
