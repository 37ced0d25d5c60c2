"""payloads, files, tables → events, or rejects with a reason."""
