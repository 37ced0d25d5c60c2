"""intent + facts → decision with its probability, or a refusal."""
