"""files → batches of columns with line numbers; one file per format, constant memory."""

from zhiyin.adapters.sources.files import Batch, Source, expand, fingerprint, open_source

__all__ = ["Batch", "Source", "expand", "fingerprint", "open_source"]
