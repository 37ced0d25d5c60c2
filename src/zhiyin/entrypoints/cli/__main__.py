"""``python -m zhiyin.entrypoints.cli``: the same as ``zhiyin``, where no script is on the path."""

from zhiyin.entrypoints.cli import main

main()
