"""What can go wrong for a user, each error saying what, why and what to do next."""

from __future__ import annotations

from zhiyin.domain.text import Text, joined, say


class ZhiyinError(Exception):
    """A problem that the user can understand and cure.

    ``what`` happened, ``why`` it happened, what to do next (``fix``), and a stable ``code`` to quote.
    Doors print the three parts; bugs are other exceptions and keep their traceback.

    >>> str(ZhiyinError("No file matches *.csv.", why="The folder is empty.", fix="Check the path."))
    'No file matches *.csv. The folder is empty. Check the path.'
    """

    code = "error"

    def __init__(self, what: str, *, why: str = "", fix: str = "", code: str = "") -> None:
        self.what, self.why, self.fix = what, why, fix
        if code:
            self.code = code
        super().__init__(self.told)

    @property
    def told(self) -> Text:
        """All three parts as one text."""
        return joined(self.what, self.why, self.fix)


class WorkspaceNotFound(ZhiyinError):
    """The folder is not a workspace."""

    code = "workspace_not_found"


class BadSetting(ZhiyinError):
    """A setting has an unknown name or a value out of range."""

    code = "bad_setting"


class BadFile(ZhiyinError):
    """A file cannot be read as a whole; single bad rows are rejects, not errors."""

    code = "bad_file"


class BadPeriod(ZhiyinError):
    """A day cannot be read, lies in the future, or the first comes after the second."""

    code = "bad_period"


class BadRule(ZhiyinError):
    """A segment rule does not follow the segment language."""

    code = "bad_rule"


class BadTemplate(ZhiyinError):
    """A template does not parse, or names a variable that does not exist."""

    code = "bad_template"


class NotFound(ZhiyinError):
    """Nothing has this name."""

    code = "not_found"


class Conflict(ZhiyinError):
    """The thing is not in a state that allows this step."""

    code = "conflict"


class Busy(ZhiyinError):
    """Another process holds what this step needs, such as the lake's writer lease."""

    code = "busy"


class MailboxFailed(ZhiyinError):
    """A mailbox could not be read just now; what it holds waits there."""

    code = "mailbox_failed"


class MissingExtra(ZhiyinError):
    """An optional library is not installed; the message carries the install command."""

    code = "missing_extra"

    @classmethod
    def of(cls, extra: str, purpose: str) -> MissingExtra:
        """The error for a missing extra, with the command that installs it."""
        return cls(
            say("{purpose} needs the extra '{extra}', which is not installed.", purpose=purpose, extra=extra),
            fix=say("Run: pip install 'zhiyin[{extra}]'", extra=extra),
        )
