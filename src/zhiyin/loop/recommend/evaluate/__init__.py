"""models + a question whose answers are known → how well each would have done, with intervals.

``splits`` makes the question, ``measure`` puts it to a model, ``compare`` sets models side by side. All items
are ranked, none sampled, and every figure travels with the protocol it was made under.
"""

BASELINE = "popularity"  # what every other model must beat
