"""acknowledged payloads → batches, each taken exactly once: the spool between the tracking API and the lake."""

from zhiyin.adapters.spool.journal import Batch, Journal
from zhiyin.adapters.spool.memory import SpoolMemory, visit_rows
from zhiyin.adapters.spool.runs import keys
from zhiyin.adapters.spool.segments import Spool

__all__ = ["Batch", "Journal", "Spool", "SpoolMemory", "keys", "visit_rows"]
