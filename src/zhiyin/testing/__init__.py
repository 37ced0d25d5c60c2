"""Contract tests, fakes and builders, shipped with the product."""
