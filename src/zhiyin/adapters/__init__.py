"""The only I/O: lake (facts), records (rows with a status), channels (out), sources (in)."""
