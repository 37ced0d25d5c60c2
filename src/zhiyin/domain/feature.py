"""Features: everything known of every customer under a fixed name. The only list.

From it follow the traits that rules can name, the columns of the lake's ``profiles``, the names in the console,
what templates can say, and docs/reference/features.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from zhiyin.domain.lifecycle import OF_CUSTOMERS, Lifecycle
from zhiyin.domain.rfm import RfmGroup
from zhiyin.domain.text import Text, say

TraitKind = Literal["text", "number", "time", "flag"]


class Owner(StrEnum):
    """Who computes a feature: a file in ``loop/profile/features``, ``loop/profile/stated``, or records for ``contact``."""

    CONTACT = "contact"
    STANDING = "standing"
    SPENDING = "spending"
    RHYTHM = "rhythm"
    BROWSING = "browsing"
    DISCOUNTS = "discounts"
    DEVICES = "devices"
    ENGAGEMENT = "engagement"
    STATED = "stated"


class Unit(StrEnum):
    """What a number counts."""

    NONE = ""
    TIMES = "times"
    MONEY = "money"
    DAYS = "days"
    YEARS = "years"
    HOURS = "hours"
    SECONDS = "seconds"
    PERCENT = "percent"
    PAGES = "pages"
    FIFTH = "fifth"
    HOUR = "hour"
    WEEKDAY = "weekday"
    REGULARITY = "regularity"


OWNERS: Mapping[Owner, Text] = {
    Owner.CONTACT: say("Contact"),
    Owner.STANDING: say("Standing"),
    Owner.SPENDING: say("Spending"),
    Owner.RHYTHM: say("Rhythm"),
    Owner.BROWSING: say("Browsing"),
    Owner.DISCOUNTS: say("Discounts"),
    Owner.DEVICES: say("Devices and channels"),
    Owner.ENGAGEMENT: say("Engagement with messages"),
    Owner.STATED: say("Stated, or assumed"),
}

UNITS: Mapping[Unit, Text] = {
    Unit.TIMES: say("number"),
    Unit.MONEY: say("minor units of the currency"),
    Unit.DAYS: say("days"),
    Unit.YEARS: say("years"),
    Unit.HOURS: say("hours"),
    Unit.SECONDS: say("seconds"),
    Unit.PERCENT: say("per cent"),
    Unit.PAGES: say("pages"),
    Unit.FIFTH: say("fifth, 1 to 5"),
    Unit.HOUR: say("hour of the day, 0 to 23"),
    Unit.WEEKDAY: say("day of the week, 1 = Monday"),
    Unit.REGULARITY: say("−1 to 1"),
}


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing known of every customer, as rules, pages and the docs call it.

    ``window`` is how many days it looks back, None for everything up to the moment. ``empty`` is the value of who did
    nothing of the kind; None where it then is missing. ``decimals`` above 0 makes a number of so many decimal
    places, else it is whole. ``values`` are the usual ones, ``closed`` where there are no others. ``published``
    features stand in the customer's row too, so that lists sort by them and templates can say them.
    """

    name: str
    kind: TraitKind
    owner: Owner
    label: Text
    meaning: Text
    unit: Unit = Unit.NONE
    window: int | None = None
    empty: int | str | None = None
    decimals: int = 0
    values: tuple[str, ...] = ()
    closed: bool = False
    published: bool = False


def _contact(name: str, kind: TraitKind, label: Text, meaning: Text, values: tuple[str, ...] = ()) -> Feature:
    return Feature(name, kind, Owner.CONTACT, label, meaning, values=values, closed=bool(values))


def _fifth(name: str, label: Text, meaning: Text) -> Feature:
    return Feature(name, "number", Owner.STANDING, label, meaning, Unit.FIFTH, published=True)


def _stage(
    name: str, label: Text, meaning: Text, values: tuple[str, ...], empty: str | None = None
) -> Feature:
    return Feature(
        name,
        "text",
        Owner.STANDING,
        label,
        meaning,
        empty=empty,
        values=values,
        closed=True,
        published=True,
    )


def _moment(name: str, label: Text, meaning: Text) -> Feature:
    return Feature(name, "time", Owner.SPENDING, label, meaning, published=True)


def _spent(
    name: str, unit: Unit, label: Text, meaning: Text, empty: int | None = None, published: bool = True
) -> Feature:
    return Feature(name, "number", Owner.SPENDING, label, meaning, unit, empty=empty, published=published)


def _number(
    name: str,
    owner: Owner,
    unit: Unit,
    label: Text,
    meaning: Text,
    window: int | None = None,
    empty: int | None = None,
    decimals: int = 0,
) -> Feature:
    return Feature(name, "number", owner, label, meaning, unit, window, empty, decimals)


def _attribute(
    name: str,
    kind: TraitKind,
    label: Text,
    meaning: Text,
    unit: Unit = Unit.NONE,
    values: tuple[str, ...] = (),
    closed: bool = False,
) -> Feature:
    return Feature(name, kind, Owner.STATED, label, meaning, unit, values=values, closed=closed)


GENDERS = ("female", "male", "other")
VISIT_DAYS = 90
RHYTHM_DAYS = 365
ENGAGED_DAYS = 90

FEATURES: tuple[Feature, ...] = (
    _contact("customer_id", "text", say("Id"), say("The shop's own id of the customer.")),
    _contact("email", "text", say("E-mail address"), say("The e-mail address, as last stated.")),
    _contact("name", "text", say("Name"), say("The name, as last stated.")),
    _contact("language", "text", say("Language"), say("The language to write in."), ("en", "zh-hans")),
    _contact("created_at", "time", say("Customer since"), say("When the shop first knew the customer.")),
    _contact(
        "email_consent", "flag", say("May receive e-mail"), say("Whether they agreed to offers by e-mail.")
    ),
    _stage(
        "lifecycle",
        say("Lifecycle stage"),
        say("The stage of the customer's life with the shop, by the shop's usual time between orders."),
        tuple(stage.value for stage in OF_CUSTOMERS),
        empty=Lifecycle.LEAD.value,
    ),
    _stage(
        "rfm_group",
        say("RFM group"),
        say("The named group of the three fifths."),
        tuple(group.value for group in RfmGroup),
    ),
    _fifth(
        "r",
        say("Recency (1 to 5)"),
        say("The fifth among buyers by how recent the last order is; 5 is the most recent."),
    ),
    _fifth(
        "f",
        say("Frequency (1 to 5)"),
        say("The fifth among buyers by number of orders; 5 is the most."),
    ),
    _fifth("m", say("Money (1 to 5)"), say("The fifth among buyers by revenue; 5 is the most.")),
    _spent(
        "orders",
        Unit.TIMES,
        say("Number of orders"),
        say("Completed orders less cancelled ones."),
        empty=0,
    ),
    _spent(
        "revenue",
        Unit.MONEY,
        say("Revenue"),
        say("Sum of orders less refunds and cancellations."),
        empty=0,
    ),
    _spent(
        "average_order_value",
        Unit.MONEY,
        say("Average order"),
        say("Revenue divided by the number of orders, rounded down."),
    ),
    _spent(
        "recency_days", Unit.DAYS, say("Days since last order"), say("Whole days since the last order.")
    ),
    _spent(
        "tenure_days",
        Unit.DAYS,
        say("Days known"),
        say("Whole days since the first thing they did."),
        published=False,
    ),
    _moment("first_order_at", say("First order"), say("When they ordered first.")),
    _moment("last_order_at", say("Last order"), say("When they ordered last.")),
    _moment("first_seen", say("First seen"), say("When they first did anything.")),
    _moment(
        "last_seen",
        say("Last seen"),
        say("When they last did anything; what the shop sends them does not count."),
    ),
    _spent(
        "returns",
        Unit.TIMES,
        say("Returns"),
        say("How often an order was refunded, wholly or in part."),
        empty=0,
        published=False,
    ),
    _spent(
        "return_share",
        Unit.PERCENT,
        say("Share given back"),
        say("Money refunded of all money ordered."),
        published=False,
    ),
    _number(
        "gap_hours_mean",
        Owner.RHYTHM,
        Unit.HOURS,
        say("Time between orders"),
        say("Mean time between one order and the next; known from the second order on."),
    ),
    _number(
        "regularity",
        Owner.RHYTHM,
        Unit.REGULARITY,
        say("Regularity of orders"),
        say("1 like a clock, 0 by chance, −1 in bursts; known from the fourth order on."),
        decimals=3,
    ),
    Feature(
        "personal_gap_days",
        "number",
        Owner.RHYTHM,
        say("Own time between orders"),
        say("The customer's usual time between orders; with few orders it leans on the whole shop's."),
        Unit.DAYS,
        published=True,
    ),
    _number(
        "next_order_due",
        Owner.RHYTHM,
        Unit.DAYS,
        say("Days until next order is due"),
        say("Own time between orders less the days since the last order; below 0 it is overdue."),
    ),
    Feature(
        "best_hour",
        "number",
        Owner.RHYTHM,
        say("Busiest hour"),
        say("The hour of the shop's day in which they do most; of several the earliest."),
        Unit.HOUR,
        RHYTHM_DAYS,
    ),
    Feature(
        "best_weekday",
        "number",
        Owner.RHYTHM,
        say("Busiest weekday"),
        say("The day of the week on which they do most; of several the first after Sunday."),
        Unit.WEEKDAY,
        RHYTHM_DAYS,
        values=("1", "2", "3", "4", "5", "6", "7"),
        closed=True,
    ),
    _number(
        "night_share",
        Owner.RHYTHM,
        Unit.PERCENT,
        say("Share at night"),
        say("What they do between midnight and six, of all they do."),
        window=RHYTHM_DAYS,
    ),
    _number(
        "weekend_share",
        Owner.RHYTHM,
        Unit.PERCENT,
        say("Share at weekends"),
        say("What they do on Saturdays and Sundays, of all they do."),
        window=RHYTHM_DAYS,
    ),
    _number(
        "visits_90d",
        Owner.BROWSING,
        Unit.TIMES,
        say("Visits in 90 days"),
        say("Visits to the website or app; half an hour of silence ends one."),
        window=VISIT_DAYS,
        empty=0,
    ),
    _number(
        "pages_per_visit",
        Owner.BROWSING,
        Unit.PAGES,
        say("Pages per visit"),
        say("Pages and screens seen, divided by the visits that saw any."),
        window=VISIT_DAYS,
        decimals=1,
    ),
    _number(
        "visit_seconds",
        Owner.BROWSING,
        Unit.SECONDS,
        say("Length of a visit"),
        say("Time from the first to the last event of a visit; the median of the visits."),
        window=VISIT_DAYS,
    ),
    _number(
        "searches_90d",
        Owner.BROWSING,
        Unit.TIMES,
        say("Searches in 90 days"),
        say("How often they searched for products."),
        window=VISIT_DAYS,
        empty=0,
    ),
    Feature(
        "last_search",
        "text",
        Owner.BROWSING,
        say("Last search"),
        say("What they last searched for."),
        window=RHYTHM_DAYS,
    ),
    Feature(
        "main_search",
        "text",
        Owner.BROWSING,
        say("Most frequent search"),
        say("What they searched for most often, as it was written; of several the first by letters."),
        window=VISIT_DAYS,
    ),
    _number(
        "coupon_orders",
        Owner.DISCOUNTS,
        Unit.TIMES,
        say("Orders with a discount"),
        say("Completed orders with a coupon or a discount."),
        empty=0,
    ),
    _number(
        "discount_share",
        Owner.DISCOUNTS,
        Unit.PERCENT,
        say("Share of orders with a discount"),
        say("Completed orders with a coupon or a discount, of all completed orders."),
    ),
    _number(
        "discount_depth",
        Owner.DISCOUNTS,
        Unit.PERCENT,
        say("Depth of discounts"),
        say("Money taken off, of what all orders would have cost without; a coupon alone tells no amount."),
    ),
    Feature(
        "main_device",
        "text",
        Owner.DEVICES,
        say("Main device"),
        say("The kind of device of most visits; of several the first by name."),
        window=VISIT_DAYS,
        values=("desktop", "mobile", "tablet", "tv", "other"),
    ),
    _number(
        "mobile_share",
        Owner.DEVICES,
        Unit.PERCENT,
        say("Share on mobile phones"),
        say("Visits on a mobile phone, of those whose device is known."),
        window=VISIT_DAYS,
    ),
    Feature(
        "main_channel",
        "text",
        Owner.DEVICES,
        say("Main channel"),
        say("Where most visits come from: the link's own mark, else the referrer; of several the first by name."),
        window=VISIT_DAYS,
        values=("direct", "search", "social", "email", "assistant", "paid", "referral"),
    ),
    _number(
        "device_kinds",
        Owner.DEVICES,
        Unit.TIMES,
        say("Kinds of devices"),
        say("From how many kinds of devices they visit, of those that are known."),
        window=VISIT_DAYS,
        empty=0,
    ),
    _number(
        "channel_kinds",
        Owner.DEVICES,
        Unit.TIMES,
        say("Channels"),
        say("By how many channels their visits come, of those that are known."),
        window=VISIT_DAYS,
        empty=0,
    ),
    _number(
        "messages_90d",
        Owner.ENGAGEMENT,
        Unit.TIMES,
        say("Messages in 90 days"),
        say("Messages delivered to them."),
        window=ENGAGED_DAYS,
        empty=0,
    ),
    _number(
        "opened_90d",
        Owner.ENGAGEMENT,
        Unit.TIMES,
        say("Messages opened in 90 days"),
        say("Messages that a person opened; what programs load by themselves does not count."),
        window=ENGAGED_DAYS,
        empty=0,
    ),
    _number(
        "clicked_90d",
        Owner.ENGAGEMENT,
        Unit.TIMES,
        say("Messages clicked in 90 days"),
        say("Messages of which a person followed a link."),
        window=ENGAGED_DAYS,
        empty=0,
    ),
    Feature(
        "last_engaged_at",
        "time",
        Owner.ENGAGEMENT,
        say("Last engaged"),
        say("When they last opened or clicked a message for the first time."),
    ),
    _number(
        "engagement",
        Owner.ENGAGEMENT,
        Unit.PERCENT,
        say("Engagement"),
        say("Messages that a person opened or clicked, of those delivered."),
        window=ENGAGED_DAYS,
    ),
    _attribute(
        "age_stated",
        "number",
        say("Age"),
        say("Years, from the age, birthday or year of birth that they stated."),
        Unit.YEARS,
    ),
    _attribute(
        "age_imputed",
        "number",
        say("Age, assumed"),
        say("Where none was stated: the median of customers of the same gender and region, else of all."),
        Unit.YEARS,
    ),
    _attribute(
        "gender_stated",
        "text",
        say("Gender"),
        say("As they stated it, in whatever words."),
        values=GENDERS,
        closed=True,
    ),
    _attribute(
        "gender_imputed",
        "text",
        say("Gender, assumed"),
        say("Where none was stated: the most frequent among the same occupation and decade of age, else of all."),
        values=GENDERS,
        closed=True,
    ),
    _attribute(
        "region_stated",
        "text",
        say("Region"),
        say("The province of the place that they stated; outside of China the place as it was written."),
    ),
    _attribute(
        "region_imputed",
        "text",
        say("Region, assumed"),
        say("Where none was stated: the most frequent among the same gender and decade of age, else of all."),
    ),
    _attribute(
        "income_stated",
        "number",
        say("Income (1 to 5)"),
        say("The fifth among the customers who stated an income; 5 is the highest."),
        Unit.FIFTH,
    ),
    _attribute(
        "income_imputed",
        "number",
        say("Income, assumed (1 to 5)"),
        say("Where none was stated: the median of customers of the same gender and decade of age, else of all."),
        Unit.FIFTH,
    ),
    _attribute(
        "occupation_stated",
        "text",
        say("Occupation"),
        say("As they stated it; common ones under one name."),
    ),
    _attribute(
        "occupation_imputed",
        "text",
        say("Occupation, assumed"),
        say("Where none was stated: the most frequent among the same gender and decade of age, else of all."),
    ),
)  # fmt: skip

BY_NAME: Mapping[str, Feature] = {feature.name: feature for feature in FEATURES}
COMPUTED: tuple[Feature, ...] = tuple(f for f in FEATURES if f.owner != Owner.CONTACT)
FROM_EVENTS: tuple[Feature, ...] = tuple(f for f in COMPUTED if f.owner != Owner.STATED)
