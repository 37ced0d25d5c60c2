"""Letters by machines that are no bounces: replies of the absent, requests to confirm, receipts."""

from __future__ import annotations

import re

from zhiyin.loop.deliver.bounces import addresses
from zhiyin.loop.deliver.bounces.letter import Letter

_HEADERS = (
    "x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply-from", "x-vacation", "x-ms-exchange-inbox-rules-loop",
)  # fmt: skip
_SUBJECT = re.compile(
    r"(?i)^\s*(?:re: ?|fwd?: ?|aw: ?)*\[?(?:"
    r"auto(?:matic|matische|mated)?[ :-]{0,2}(?:reply|response|repl|antwort|respond|answer|notification)|auto ?:"
    r"|out[ -]of[ -](?:the[ -])?office|ooo\b|vacation|on (?:vacation|holiday|leave)|away from|i(?:'m| am) (?:away|out|on)"
    r"|abwesen|absence|réponse automatique|respuesta automática|risposta automatica"
    r"|自动(?:回复|答复|应答)|自動(?:回覆|返信|応答)|不在|休假"
    r"|please confirm|confirm your|challenge|verify (?:your|you)|action required: verify)"
)
_FAILURE = re.compile(
    r"(?i)undelive?r|not (?:be )?delivered|return(?:ed|ing) (?:mail|message|to|e-?mail)|non-?delivery|mailer.?daemon"
    r"|deliver(?:y|ing|ed).{0,30}(?:status|notif|fail|error|report|problem|delay|unsuccess)"
    r"|(?:fail|error|problem|trouble|unable|delay|warn).{0,30}(?:deliver|send|sent|notice|mail)"
    r"|mail (?:delivery|system|error|could|fail)|message (?:status|delayed|bounced|could)|bounced|rejected"
    r"|failure notice|errors? from|disabled|unzustellbar|non remis|no se pudo entregar|доставлен|неудач"
    r"|退信|退回|无法(?:投递|送达|发送)|(?:投递|发送|送达).{0,4}(?:失败|失敗)|エラー|配信(?:不能|失敗)|送信でき"
)


def failure(letter: Letter) -> bool:
    """Whether the subject says that something was not delivered."""
    return _FAILURE.search(letter.header("subject")) is not None


def by_server(letter: Letter) -> bool:
    """Whether a mail server wrote it, by the address it gives as its own, or by the failures it lists."""
    if any(name in letter.headers for name in ("x-failed-recipients", "x-mlserver")):
        return True
    return any(addresses.server(_address(letter.header(name))) for name in ("from", "sender", "return-path"))


def no_return(letter: Letter) -> bool:
    """Whether nobody wants an answer: the return path is empty, as RFC 5321 asks of every report."""
    return letter.headers.get("return-path", [""])[0].strip() == "<>"


def reply(letter: Letter) -> bool:
    """Whether a machine answers for a person: away, or asking to confirm."""
    if _SUBJECT.match(letter.header("subject")):
        return True
    if by_server(letter) or failure(letter):
        return False
    precedence = letter.header("precedence").lower().replace("-", "_")
    return (
        precedence in ("auto_reply", "vacation")
        or any(name in letter.headers for name in _HEADERS)
        or "vacation" in letter.header("x-apple-action").lower()
        or letter.header("auto-submitted").lower().startswith("auto-")
    )


def _address(value: str) -> str:
    return addresses.find(value) or value.strip(" <>\"'")
