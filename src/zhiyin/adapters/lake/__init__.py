"""Facts, append-only, in Delta Lake format; read as lazy frames by the engine of the settings."""

from zhiyin.adapters.lake.store import Lake

__all__ = ["Lake"]
