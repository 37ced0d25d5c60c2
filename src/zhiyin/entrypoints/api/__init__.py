"""Doors for machines: the tracking API, and the public links of messages."""
