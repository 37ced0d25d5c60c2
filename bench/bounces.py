"""Bounces, complaints and other mail told apart, against the labels of 446 real messages, beside flufl.bounce.

The labels are what the tests of the collection's own parser expect. A third of the messages, by a hash of their names,
was held out while the rules were written. Where a message tells of several recipients the gravest label stands for
it. flufl.bounce finds addresses and nothing else; both parse the bytes within the time.
"""

from __future__ import annotations

import hashlib
import json
import statistics
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import _peers
from zhiyin.domain.bounce import BounceReport
from zhiyin.loop.deliver.bounces import classify

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "bounce-messages"
GRAVITY = ("hard", "complaint", "soft", "none")
ROUNDS = 5
_KINDS = {"feedback": "complaint", "delivered": "none", "vacation": "none"}
_PEER = """
import json, pathlib, sys, time, email
from flufl.bounce import all_failures
raws = {path.name: path.read_bytes() for path in sorted(pathlib.Path(sys.argv[1]).iterdir())}
times = []
for _ in range(int(sys.argv[2])):
    start = time.process_time()
    found = {}
    for name, raw in raws.items():
        temporary, permanent = all_failures(email.message_from_bytes(raw))
        found[name] = sorted(address.decode("utf-8", "replace") for address in temporary | permanent)
    times.append(time.process_time() - start)
print(json.dumps([found, times]))
"""


def main() -> list[dict[str, Any]]:
    """Right of all, by thirds, addresses, and messages a second of processor time."""
    raws, labels = samples(), expected()
    times, reports = [], {}
    for _ in range(ROUNDS):
        start = time.process_time()
        reports = {name: classify(raw) for name, raw in raws.items()}
        times.append(time.process_time() - start)
    theirs, their_times = peer(raws)
    right = {name: reports[name].worst.kind == gravest(labels[name]) for name in raws}
    failed = [name for name in raws if gravest(labels[name]) != "none"]
    named = [name for name in failed if all(bounce.recipient for bounce in reports[name].bounces)]
    each = [name for name in failed if len(reports[name].bounces) == len(labels[name])]
    known = [(name, address) for name in failed for address in theirs[name]]
    both = [one for one in known if one[1].lower() in addresses(reports[one[0]])]
    ours, peers = (statistics.median(len(raws) / one for one in of) for of in (times, their_times))
    rows = [
        _row("messages", len(raws)),
        _row("right on hard, soft, complaint or none", _share(right.values()), "%", "≥ 98"),
        _row(
            "right in the two thirds at hand", _share(right[name] for name in raws if not held_out(name)), "%"
        ),
        _row(
            "right in the third that was held out, and seen since",
            _share(right[name] for name in raws if held_out(name)),
            "%",
        ),
        _row("failures and complaints", len(failed)),
        _row("of these with an address for each (one holds none)", len(named), bar=f"{len(failed) - 1}"),
        _row("of these with as many recipients as labels", len(each), bar=f"{len(failed)}"),
        _row("of these in which flufl.bounce finds an address", sum(bool(theirs[name]) for name in failed)),
        _row("addresses that flufl.bounce finds", len(known), "addresses"),
        _row("of these found here", len(both), "addresses"),
        _row("read by Zhiyin", round(ours), "messages / CPU-s"),
        _row("read by flufl.bounce", round(peers), "messages / CPU-s"),
    ]
    for row in rows:
        print(f"{row['what']}: {row['value']} {row['unit']} (bar {row['bar']})")
    print("wrong:", ", ".join(name for name, fits in right.items() if not fits))
    return rows


def samples() -> dict[str, bytes]:
    """Every message of the collection by its name."""
    found: dict[str, bytes] = {}
    for archive in ("sisimai.tar.gz", "sisimai_not_bounces.tar.gz"):
        with tarfile.open(DATA / archive) as packed:
            for member in packed:
                if member.isfile() and (file := packed.extractfile(member)):
                    found[Path(member.name).name] = file.read()
    return dict(sorted(found.items()))


def expected() -> dict[str, list[str]]:
    """The kinds that each message's labels say, one for each recipient; what is no bounce has none to say."""
    found = {name: ["none"] for name in samples() if name.startswith("is-not-bounce")}
    for line in (DATA / "sisimai_labels.jsonl").read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        found[told["file"]] = [
            _KINDS.get(one["reason"], "hard" if one["hardbounce"] else "soft") for one in told["expected"]
        ]
    return found


def gravest(kinds: list[str]) -> str:
    """The kind that stands for a message with these."""
    return min(kinds, key=GRAVITY.index)


def held_out(name: str) -> bool:
    """Whether a message was not looked at while the rules were written."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 3 == 0


def addresses(report: BounceReport) -> set[str]:
    """All addresses that a report names, in lower case."""
    return {address.lower() for one in report.bounces for address in (one.recipient, one.final_recipient)}


def peer(raws: dict[str, bytes]) -> tuple[dict[str, list[str]], list[float]]:
    """What flufl.bounce finds in each message, and the processor time of each round."""
    with tempfile.TemporaryDirectory() as folder:
        for name, raw in raws.items():
            (Path(folder) / name).write_bytes(raw)
        command = [_peers.python("flufl.bounce"), "-c", _PEER, folder, str(ROUNDS)]
        found, times = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found, times


def _share(right: Any) -> float:
    told = list(right)
    return round(100 * sum(told) / len(told), 1)


def _row(what: str, value: float, unit: str = "messages", bar: str = "") -> dict[str, Any]:
    return {"what": what, "value": value, "unit": unit, "bar": bar}


if __name__ == "__main__":
    main()
