"""Every setting there is, with its default and meaning. Read in one module, ``adapters/settings.py``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from zhiyin.domain.errors import BadSetting
from zhiyin.domain.esp import ESPS, options_of
from zhiyin.domain.host import is_this_machine
from zhiyin.domain.interest import half_life
from zhiyin.domain.lifecycle import StageRules
from zhiyin.domain.pace import Pace, domains_of, quiet_of, warm_up_of
from zhiyin.domain.send_window import windows_of
from zhiyin.domain.text import say

LONGEST_BOUNCE = 14  # characters before the @: what the tag leaves of the 64 that servers take
_BOUNCES = re.compile(rf"[A-Za-z0-9._+-]{{1,{LONGEST_BOUNCE}}}@[^\s@<>]+\.[^\s@<>]+")


@dataclass(frozen=True, slots=True)
class ShopSettings:
    """Who the shop is."""

    name: str = field(default="My shop", metadata={"doc": "Name shown in the console and in messages."})
    language: str = field(default="en", metadata={"doc": "Default language: en or zh-hans."})
    currency: str = field(default="CNY", metadata={"doc": "ISO 4217 code of amounts without a currency."})
    timezone: str = field(default="Asia/Shanghai", metadata={"doc": "IANA time zone of the shop."})
    address: str = field(default="", metadata={"doc": "Postal address for the footer of messages."})


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How the console and the public endpoints are served."""

    host: str = field(default="127.0.0.1", metadata={"doc": "Address to listen on."})
    port: int = field(default=8321, metadata={"doc": "Port to listen on."})
    base_url: str = field(
        default="",
        metadata={
            "doc": "Public address of this server, used in links of messages; http://HOST:PORT if empty."
        },
    )
    trusted_proxies: str = field(
        default="",
        metadata={
            "doc": "Proxies whose X-Forwarded-For is believed: addresses or networks with commas; none if empty."
        },
    )
    secret: str = field(
        default="", metadata={"doc": "Signs sessions and links; made at init.", "secret": True}
    )

    @property
    def proxies(self) -> list[str]:
        """The trusted proxies, one by one."""
        return [part for part in self.trusted_proxies.replace(",", " ").split() if part]


@dataclass(frozen=True, slots=True)
class RecordsSettings:
    """Where configuration and status live."""

    url: str = field(
        default="",
        metadata={"doc": "postgresql://USER:PASSWORD@HOST:PORT/NAME; SQLite in the workspace if empty.", "secret": True},
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class LakeSettings:
    """Where facts live and what reads them."""

    engine: str = field(default="duckdb", metadata={"doc": "Query engine: duckdb or spark."})
    threads: int = field(default=0, metadata={"doc": "Threads of the engine; all cores if 0."})
    memory: str = field(
        default="1GB", metadata={"doc": "Memory limit of the engine before it spills to disk."}
    )


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """The mail server that campaigns go through."""

    host: str = field(default="", metadata={"doc": "Mail server; sending is off if empty."})
    port: int = field(default=587, metadata={"doc": "Port: 587 for STARTTLS, 465 for TLS, 25 for plain."})
    security: str = field(default="starttls", metadata={"doc": "starttls, tls or none."})
    user: str = field(default="", metadata={"doc": "User name, if the server asks for one."})
    password: str = field(default="", metadata={"doc": "Password.", "secret": True})
    timeout: float = field(default=30.0, metadata={"doc": "Seconds to wait for an answer."})
    connections: int = field(default=4, metadata={"doc": "Connections at a time, of each process."})
    workers: int = field(
        default=1,
        metadata={
            "doc": "Processes that write, sign and hand over messages; as many as cores make large campaigns faster."
        },
    )


@dataclass(frozen=True, slots=True)
class SenderSettings:
    """Who messages come from unless a campaign says otherwise."""

    name: str = field(default="", metadata={"doc": "Sender's name; the shop's name if empty."})
    email: str = field(default="", metadata={"doc": "Sender's address."})
    bounce_address: str = field(
        default="",
        metadata={
            "doc": "Address that takes what comes back, such as bounces@mail.example.com; the sender's if empty. "
            "Each message has its own: bounces+TOKEN.MAC@…"
        },
    )

    def check(self) -> None:
        """Raise ``BadSetting`` where messages cannot come back to the address."""
        if self.bounce_address and not _BOUNCES.fullmatch(self.bounce_address):
            raise BadSetting(
                say("sender.bounce_address is {value!r}.", value=self.bounce_address),
                fix=say(
                    "Write an address with at most {most} characters before the @, such as bounces@mail.example.com.",
                    most=LONGEST_BOUNCE,
                ),
            )


@dataclass(frozen=True, slots=True)
class TransactionalSettings:
    """Who transactional messages come from: an address of its own keeps their reputation apart from marketing's."""

    sender_name: str = field(default="", metadata={"doc": "Their sender's name; sender.name if empty."})
    sender_email: str = field(
        default="",
        metadata={"doc": "Their sender's address, best of a domain of its own; sender.email if empty."},
    )
    reply_to: str = field(default="", metadata={"doc": "Where answers to them go; to the sender if empty."})
    tracking: bool = field(
        default=False, metadata={"doc": "Whether they tell that they were opened and clicked."}
    )


@dataclass(frozen=True, slots=True)
class EspSettings:
    """The provider that delivers e-mail through its own API, in place of a mail server."""

    name: str = field(default="", metadata={"doc": f"{', '.join(ESPS)}; the mail server of smtp.* if empty."})
    key: str = field(default="", metadata={"doc": "Key or token of its API.", "secret": True})
    secret: str = field(
        default="", metadata={"doc": "Second part of the key: mailjet, amazon_ses.", "secret": True}
    )
    options: str = field(
        default="",
        metadata={
            "doc": "More for some, as NAME=VALUE with commas: api_url, sender_domain, message_stream, region."
        },
    )
    webhook_secret: str = field(
        default="",
        metadata={"doc": "USER:PASSWORD that its webhooks carry in their address.", "secret": True},
    )
    webhook_key: str = field(
        default="", metadata={"doc": "Key by which it signs its webhooks, if it does.", "secret": True}
    )

    @property
    def given(self) -> dict[str, str]:
        """The options by name."""
        return options_of(self.options)

    def check(self) -> None:
        """Raise ``BadSetting`` where something is missing, or the key would cross the network in the clear."""
        if not self.name:
            return
        try:
            given = self.given
        except ValueError as error:
            raise BadSetting(
                say("esp.options holds {part!r}.", part=str(error)),
                fix=say("Write options as NAME=VALUE, with commas between them."),
            ) from error
        provider = ESPS[self.name]
        missing = [f"esp.options {name}=…" for name in provider.needs if name not in given]
        missing += ["esp.key"] * (not self.key) + ["esp.secret"] * bool(provider.secret and not self.secret)
        if missing:
            raise BadSetting(
                say("{name} needs {missing}.", name=self.name, missing=missing),
                fix=say("Set it, or leave esp.name empty."),
            )
        where = urlsplit(given.get("api_url", "https://api.example"))
        if where.scheme != "https" and not is_this_machine(where.hostname or ""):
            raise BadSetting(
                say("api_url in esp.options is {url}.", url=given["api_url"]),
                why=say("The key would cross the network in the clear."),
                fix=say("Write an address that begins with https://."),
            )
        if self.webhook_secret and ":" not in self.webhook_secret:
            raise BadSetting(say("esp.webhook_secret has no colon."), fix=say("Write it as USER:PASSWORD."))


@dataclass(frozen=True, slots=True)
class BouncesSettings:
    """The mailbox to which messages come back."""

    protocol: str = field(default="", metadata={"doc": "imap or pop3; no mailbox is read if empty."})
    host: str = field(default="", metadata={"doc": "Server of the mailbox."})
    port: int = field(default=0, metadata={"doc": "Port; the usual one of protocol and security if 0."})
    security: str = field(
        default="tls",
        metadata={
            "doc": "tls, starttls, none (this machine only), or unsafe: without encryption over the network too."
        },
    )
    user: str = field(default="", metadata={"doc": "User name of the mailbox."})
    password: str = field(default="", metadata={"doc": "Password of the mailbox.", "secret": True})
    folder: str = field(default="INBOX", metadata={"doc": "Folder that is read; IMAP only."})
    after: str = field(
        default="keep",
        metadata={"doc": "keep leaves messages in the mailbox, delete removes what was taken in."},
    )
    every_seconds: int = field(default=300, metadata={"doc": "Seconds between two looks into the mailbox."})
    timeout: float = field(default=30.0, metadata={"doc": "Seconds to wait for an answer of the mailbox."})

    def check(self) -> None:
        """Raise ``BadSetting`` where something is missing, or the password would cross the network in the clear."""
        if not self.protocol:
            return
        if not self.host or not self.user:
            raise BadSetting(
                say("bounces.{name} is missing.", name="user" if self.host else "host"),
                fix=say("Set it, or leave bounces.protocol empty."),
            )
        if self.security == "none" and not is_this_machine(self.host):
            raise BadSetting(
                say("bounces.security is none, but {host} is another machine.", host=self.host),
                why=say("The password would cross the network in the clear."),
                fix=say("Set it to tls or starttls; to unsafe, if there is no other way."),
            )


@dataclass(frozen=True, slots=True)
class MessagesSettings:
    """How long messages are kept as they were sent."""

    keep_days: int = field(
        default=30, metadata={"doc": "Days for which every message is kept as it was sent; none is if 0."}
    )


@dataclass(frozen=True, slots=True)
class CampaignSettings:
    """Defaults of a new campaign."""

    holdout: float = field(default=0.1, metadata={"doc": "Share kept back for comparison, 0 to 0.5."})
    window_days: int = field(default=7, metadata={"doc": "Days after sending in which orders count."})
    cost: str = field(default="0", metadata={"doc": "Cost of one message, in major units of the currency."})
    smallest_effect: float = field(
        default=0.01, metadata={"doc": "Smallest difference of a rate worth having; 0.01 is one point."}
    )
    margin: float = field(default=1.0, metadata={"doc": "Share of revenue that is profit, for ROI."})
    consent: str = field(
        default="opt_in",
        metadata={
            "doc": "opt_in writes only to customers who said yes; opt_out also to those who never said."
        },
    )
    first_share: float = field(
        default=0.0,
        metadata={"doc": "Share of a campaign to 1,000 or more that goes first; 0 sends to all at once."},
    )
    first_minutes: int = field(default=30, metadata={"doc": "Minutes from the first share to the rest."})
    first_failures: float = field(
        default=0.05, metadata={"doc": "Failed share of the first above which the rest is held back."}
    )
    late_hours: int = field(
        default=6,
        metadata={
            "doc": "Hours after its time at which a scheduled campaign no longer begins by itself but pauses and asks; "
            "never if 0."
        },
    )


@dataclass(frozen=True, slots=True)
class PaceSettings:
    """How fast messages leave, and at which hours they do not."""

    per_minute: int = field(
        default=0, metadata={"doc": "Messages a minute to the mail server; no limit if 0."}
    )
    domains: str = field(
        default="",
        metadata={
            "doc": "Messages a minute to recipients' domains and providers, such as shop.example=30, tencent=60."
        },
    )
    quiet: str = field(
        default="",
        metadata={"doc": "Hours of the recipient's day in which nothing is sent, such as 21:00-08:00; none if empty."},
    )  # fmt: skip
    windows: str = field(
        default="",
        metadata={"doc": "Hours in which messages leave, such as Mon-Fri 9:00-18:00, Sat 10:00-14:00; all if empty."},
    )  # fmt: skip
    warm_up_from: str = field(
        default="",
        metadata={"doc": "Day on which a new sender began, such as 2026-03-01; no warm-up if empty."},
    )
    warm_up_first: int = field(default=50, metadata={"doc": "Messages on the first day of the warm-up."})
    warm_up_growth: float = field(
        default=2.0, metadata={"doc": "How many times as many messages the next day of the warm-up allows."}
    )

    @property
    def pace(self) -> Pace:
        """All of it, read. Raises ``BadSetting`` where a text is none of these."""
        return Pace(
            self.per_minute,
            domains_of(self.domains),
            quiet_of(self.quiet),
            warm_up_of(self.warm_up_from, self.warm_up_first, self.warm_up_growth),
            windows_of(self.windows),
        )

    def check(self) -> None:
        """Raise ``BadSetting`` where a setting cannot be."""
        _ = self.pace


@dataclass(frozen=True, slots=True)
class TrackingSettings:
    """How messages tell that they were opened and clicked."""

    opens: bool = field(default=True, metadata={"doc": "Whether messages carry a pixel that tells of opens."})
    clicks: bool = field(
        default=True, metadata={"doc": "Whether links lead through this server, which notes the click."}
    )
    hidden_link: bool = field(
        default=True,
        metadata={"doc": "Whether messages carry a link that nobody sees; programs that follow it are found out."},
    )  # fmt: skip
    utm_source: str = field(
        default="newsletter",
        metadata={
            "doc": "utm_source of links, with utm_medium=email and utm_campaign=KEY; none are added if empty."
        },
    )


@dataclass(frozen=True, slots=True)
class CalendarSettings:
    """What the calendar of sends shows beside the sends."""

    occasions: str = field(
        default="language",
        metadata={
            "doc": "Festivals and sales days in the calendar of sends: chinese, western, both, none, or language "
            "for those of shop.language."
        },
    )


@dataclass(frozen=True, slots=True)
class CollectSettings:
    """How events are taken in by the tracking API."""

    keep_ip: str = field(
        default="network",
        metadata={"doc": "What is kept of an address: none, network (its first part) or full."},
    )
    bots: bool = field(default=True, metadata={"doc": "Whether events of crawlers and bots are refused."})
    max_waiting_mb: int = field(
        default=4096,
        metadata={
            "doc": "Megabytes that may wait for the worker; above that, events are not accepted (503)."
        },
    )
    disk_reserve_mb: int = field(
        default=256,
        metadata={"doc": "Megabytes of disk left free; below that, events are not accepted (503)."},
    )


@dataclass(frozen=True, slots=True)
class ProfileSettings:
    """How customers are described."""

    gap_days: int = field(
        default=0, metadata={"doc": "Usual days between orders; measured from the orders if 0."}
    )
    refresh_seconds: float = field(
        default=60.0,
        metadata={
            "doc": "Seconds after which the worker describes customers anew whom events moved; later where it is busy."
        },
    )
    personal: bool = field(
        default=True,
        metadata={
            "doc": "Whether stages go by each customer's own time between orders, else by the shop's usual one."
        },
    )
    new_gaps: float = field(
        default=1.0, metadata={"doc": "Usual gaps after the first order for which a customer is new."}
    )
    active_gaps: float = field(
        default=1.5, metadata={"doc": "Usual gaps after the last order for which a customer is active."}
    )
    lapsed_gaps: float = field(
        default=3.0,
        metadata={
            "doc": "Usual gaps without an order after which a customer is lapsed; before that at risk."
        },
    )
    half_life_days: int = field(
        default=30, metadata={"doc": "Days in which an interest fades by half, 1 to 365."}
    )

    @property
    def rules(self) -> StageRules:
        """The rules of the stages. Raises ``BadSetting`` where they do not follow each other."""
        return StageRules.of(self.new_gaps, self.active_gaps, self.lapsed_gaps, self.personal)

    def check(self) -> None:
        """Raise ``BadSetting`` where a setting cannot be."""
        _ = self.rules
        half_life(self.half_life_days)


@dataclass(frozen=True, slots=True)
class SimulationSettings:
    """For the example shop: a clock that runs from a past moment at a higher speed."""

    clock: str = field(
        default="",
        metadata={"doc": "START|REAL_START|SPEED, three parts that place simulated time; the real clock if empty."},
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """The one settings object: ``zhiyin.toml`` < environment ``ZHIYIN_SECTION_NAME`` < flag."""

    workspace: Path
    shop: ShopSettings = ShopSettings()
    server: ServerSettings = ServerSettings()
    records: RecordsSettings = RecordsSettings()
    lake: LakeSettings = LakeSettings()
    smtp: SmtpSettings = SmtpSettings()
    esp: EspSettings = EspSettings()
    sender: SenderSettings = SenderSettings()
    transactional: TransactionalSettings = TransactionalSettings()
    messages: MessagesSettings = MessagesSettings()
    bounces: BouncesSettings = BouncesSettings()
    campaign: CampaignSettings = CampaignSettings()
    pace: PaceSettings = PaceSettings()
    tracking: TrackingSettings = TrackingSettings()
    calendar: CalendarSettings = CalendarSettings()
    collect: CollectSettings = CollectSettings()
    profile: ProfileSettings = ProfileSettings()
    simulation: SimulationSettings = SimulationSettings()

    @property
    def sends_mail(self) -> bool:
        """Whether there is anybody to hand e-mail to: a mail server or a provider."""
        return bool(self.smtp.host or self.esp.name)

    @property
    def base_url(self) -> str:
        """The public address, without a slash at the end."""
        return self.server.base_url.rstrip("/") or f"http://{self.server.host}:{self.server.port}"
