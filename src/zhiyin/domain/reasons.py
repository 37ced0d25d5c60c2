"""The codes of every refusal, reject and choice. A refusal is a value, never an exception."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why somebody was refused a message (``decide``)."""

    HOLDOUT = "holdout"
    NO_ADDRESS = "no_address"
    BAD_ADDRESS = "bad_address"
    NO_CONSENT = "no_consent"
    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"
    ERASED = "erased"
    RENDER_FAILED = "render_failed"
    CANCELLED = "cancelled"


class WaitReason(StrEnum):
    """Why a planned message does not go yet (``decide``)."""

    QUIET_HOURS = "quiet_hours"
    SEND_WINDOW = "send_window"
    THROTTLED = "throttled"
    WARM_UP = "warm_up"
    LOCAL_CLOCK = "local_clock"


class LeftOutReason(StrEnum):
    """Why somebody is not in a match list, besides what would refuse them a message."""

    NO_IDENTIFIER = "no_identifier"
    SHARED = "shared"


class RejectReason(StrEnum):
    """Why a row or payload was not taken in (``collect``)."""

    MISSING_ID = "missing_id"
    MISSING_FIELD = "missing_field"
    BAD_NUMBER = "bad_number"
    NEGATIVE_PRICE = "negative_price"
    BAD_DATE = "bad_date"
    FUTURE_DATE = "future_date"
    BAD_EMAIL = "bad_email"
    DUPLICATE_ID = "duplicate_id"
    BAD_ENCODING = "bad_encoding"
    BAD_ROW = "bad_row"
    TOO_LARGE = "too_large"
    UNKNOWN_TYPE = "unknown_type"
    BAD_CURRENCY = "bad_currency"
    NOT_JSON = "not_json"
    RESERVED_NAME = "reserved_name"
    BOT = "bot"
    NO_CONSENT = "no_consent"
    DUPLICATE = "duplicate"
    ERASED = "erased"


class FailReason(StrEnum):
    """Why a message that was handed over did not arrive (``deliver``)."""

    SERVER_REFUSED = "server_refused"
    RECIPIENT_REFUSED = "recipient_refused"
    CONNECTION_LOST = "connection_lost"
    TIMEOUT = "timeout"
    AUTHENTICATION = "authentication"
    UNREACHABLE = "unreachable"
    INTERRUPTED = "interrupted"
    NO_SMTPUTF8 = "no_smtputf8"


class BounceReason(StrEnum):
    """Why a message came back, or what else came instead of an answer by a person (``deliver``)."""

    USER_UNKNOWN = "user_unknown"
    HOST_UNKNOWN = "host_unknown"
    MOVED = "moved"
    NO_MAIL = "no_mail"
    MAILBOX_FULL = "mailbox_full"
    SUSPENDED = "suspended"
    FILTERED = "filtered"
    EXPIRED = "expired"
    NETWORK = "network"
    SERVER = "server"
    UNSPECIFIED = "unspecified"
    SPAM = "spam"
    VIRUS = "virus"
    CONTENT = "content"
    TOO_BIG = "too_big"
    POLICY = "policy"
    BLOCKED = "blocked"
    AUTH_FAILURE = "auth_failure"
    SENDER = "sender"
    RELAY = "relay"
    RATE_LIMITED = "rate_limited"
    ABUSE = "abuse"
    FRAUD = "fraud"
    OPT_OUT = "opt_out"
    NOT_SPAM = "not_spam"
    AUTO_REPLY = "auto_reply"
    DELIVERED = "delivered"
    NOT_A_BOUNCE = "not_a_bounce"


class UnmatchedReason(StrEnum):
    """Why what came back is not believed about any message of ours (``deliver``)."""

    NO_MESSAGE = "no_message"
    UNKNOWN_MESSAGE = "unknown_message"
    FORGED_TAG = "forged_tag"
    OTHER_RECIPIENT = "other_recipient"
    NOT_SENT = "not_sent"


class SuppressReason(StrEnum):
    """Why an address must not be written to."""

    UNSUBSCRIBED = "unsubscribed"
    HARD_BOUNCE = "hard_bounce"
    SOFT_BOUNCES = "soft_bounces"
    COMPLAINT = "complaint"
    MANUAL = "manual"
    ERASED = "erased"


class ReportReason(StrEnum):
    """Why something was not taken in as a report of receivers (``deliver``)."""

    NOT_A_REPORT = "not_a_report"
    BROKEN_ARCHIVE = "broken_archive"
    BROKEN_XML = "broken_xml"
    BROKEN_JSON = "broken_json"
    UNSAFE_XML = "unsafe_xml"
    MISSING_PART = "missing_part"
    BAD_VALUE = "bad_value"
    TOO_LARGE = "too_large"


class SignUpReason(StrEnum):
    """Why a sign-up was not taken (``collect``)."""

    TRAP = "trap"
    TOO_FAST = "too_fast"
    STALE = "stale"
    UNKNOWN_ORIGIN = "unknown_origin"
    CLOSED = "closed"
    BAD_EMAIL = "bad_email"
    BAD_FIELD = "bad_field"
    MISTYPED = "mistyped"
    DISPOSABLE = "disposable"
    UNKNOWN_TOPIC = "unknown_topic"
    NO_TOPIC = "no_topic"
    SUPPRESSED = "suppressed"
    ADDRESS_LIMIT = "address_limit"
    NETWORK_LIMIT = "network_limit"


class DoubtReason(StrEnum):
    """Why an address is doubted, without being refused (``collect``)."""

    DISPOSABLE = "disposable"
    MISTYPED = "mistyped"
