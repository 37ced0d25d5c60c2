"""Benchmarks: each module has ``main() -> list[dict]`` with rows of what, value, unit and bar."""
