"""Reports of receivers: parsedmarc's samples, every well-formed one read, every broken one refused with its reason."""

from __future__ import annotations

import tarfile
import time
from pathlib import Path, PurePosixPath
from typing import Any

from zhiyin.domain.mail_report import Reading
from zhiyin.loop.deliver.mail_reports import read

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "dmarc-reports" / "samples.tar.gz"
# what no XML parser takes: a byte that is no UTF-8, and tags that do not match
BROKEN = {"invalid_utf_8.xml", "invalid_xml.xml"}


def samples() -> dict[str, bytes]:
    """All samples by their path in the archive."""
    with tarfile.open(DATA) as archive:
        return {
            # extractfile gives None only for what is no file, and those are left out
            str(PurePosixPath(member.name)): archive.extractfile(member).read()  # type: ignore[union-attr]
            for member in archive.getmembers()
            if member.isfile()
        }


def broken(path: str) -> bool:
    """Whether a sample is one of the broken ones."""
    return PurePosixPath(path).name in BROKEN


def right(path: str, found: Reading) -> bool:
    """Whether a sample was read where it is well-formed, and refused with a reason where it is not."""
    if broken(path):
        return not found.reports and len(found.refused) == 1 and bool(found.refused[0].why)
    return len(found.reports) == 1 and not found.refused


def main() -> list[dict[str, Any]]:
    """The samples, and how fast the largest is read."""
    files = samples()
    found = {path: read(data, path) for path, data in files.items()}
    sound = [path for path in files if not broken(path)]
    rest = [path for path in files if broken(path)]
    largest = max(files, key=lambda path: len(files[path]))
    times = []
    for _ in range(5):
        start = time.process_time()
        report = read(files[largest], largest).reports[0]
        times.append(time.process_time() - start)
    records = sum(row.count for row in report.rows)
    return [
        {"what": "samples: DMARC, failure and TLS reports", "value": len(files), "unit": "files", "bar": ""},
        {
            "what": "well-formed ones that are read",
            "value": sum(right(path, found[path]) for path in sound),
            "unit": "files",
            "bar": str(len(sound)),
        },
        {
            "what": "broken ones that are refused with a reason",
            "value": sum(right(path, found[path]) for path in rest),
            "unit": "files",
            "bar": str(len(rest)),
        },
        {
            "what": f"processor time of reading the largest, {len(files[largest]) / 1e6:.1f} MB with {records:,} messages",
            "value": round(sorted(times)[2], 2),
            "unit": "s",
            "bar": "",
        },
    ]
