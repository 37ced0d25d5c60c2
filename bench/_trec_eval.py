"""Runs in an environment of its own, with trec_eval: right answers and lists on standard input, values out."""

import json
import sys

import pytrec_eval

MEASURES = ("P", "recall", "ndcg_cut", "map_cut", "success", "recip_rank")


def main() -> None:
    """Each measure of each question at the cut-off asked for; the lists are no longer than that."""
    asked = json.load(sys.stdin)
    k = asked["k"]
    wanted = {f"{name}.{k}" if name != "recip_rank" else name for name in MEASURES}
    found = pytrec_eval.RelevanceEvaluator(asked["answers"], wanted).evaluate(asked["lists"])
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
