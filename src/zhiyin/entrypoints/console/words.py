"""The names of codes in the reader's language: stages, statuses, events, reasons."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import get_language, get_language_info, gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from zhiyin.domain import text as texts

Names = dict[str, "Promise | str"]

STAGES: Names = {
    "lead": _("Lead"),
    "new": _("New"),
    "active": _("Active"),
    "at_risk": _("At risk"),
    "lapsed": _("Lapsed"),
    "won_back": _("Won back"),
}
# where the flow finds somebody at a day: a stage of a customer, a visitor without a name, or nothing known of them
PLACES: Names = {"not_yet": _("Not known yet"), "anonymous": _("Anonymous"), **STAGES}
COURSES: Names = {
    "came": _("Came"),
    "stayed": _("Stayed"),
    "closer": _("Moved closer"),
    "away": _("Moved away"),
}
COURSE_FILLS = {"came": "blue", "stayed": "grey", "closer": "gain", "away": "harm"}
PLACE_FILLS = {"not_yet": "pale", "anonymous": "5"}  # the others: STAGE_FILLS
GROUPS: Names = {
    "champions": _("Champions"),
    "loyal": _("Loyal"),
    "potential": _("Potential loyal"),
    "new": _("New"),
    "promising": _("Promising"),
    "need_attention": _("Need attention"),
    "about_to_sleep": _("About to sleep"),
    "at_risk": _("At risk"),
    "cannot_lose": _("Cannot lose"),
    "hibernating": _("Hibernating"),
    "lost": _("Lost"),
}
INTERESTS: Names = {
    "category": _("Categories"),
    "brand": _("Brands"),
    "price_band": _("Prices"),
    "search": _("Searched for"),
}
GENDERS: Names = {
    "female": _("Female"),
    "male": _("Male"),
    "other": pgettext_lazy("gender", "Other"),
}
OCCUPATIONS: Names = {
    "student": _("Student"),
    "teacher": _("Teacher"),
    "engineer": _("Engineer"),
    "doctor": _("Doctor"),
    "nurse": _("Nurse"),
    "civil servant": _("Civil servant"),
    "manager": pgettext_lazy("occupation", "Manager"),
    "office worker": _("Office worker"),
    "sales": pgettext_lazy("occupation", "Sales"),
    "worker": pgettext_lazy("occupation", "Worker"),
    "farmer": _("Farmer"),
    "self-employed": _("Self-employed"),
    "freelancer": _("Freelancer"),
    "retired": _("Retired"),
    "homemaker": _("Homemaker"),
    "unemployed": _("Unemployed"),
}
REGIONS: Names = {
    "Beijing": _("Beijing"),
    "Tianjin": _("Tianjin"),
    "Shanghai": _("Shanghai"),
    "Chongqing": _("Chongqing"),
    "Hebei": _("Hebei"),
    "Shanxi": _("Shanxi"),
    "Inner Mongolia": _("Inner Mongolia"),
    "Liaoning": _("Liaoning"),
    "Jilin": _("Jilin"),
    "Heilongjiang": _("Heilongjiang"),
    "Jiangsu": _("Jiangsu"),
    "Zhejiang": _("Zhejiang"),
    "Anhui": _("Anhui"),
    "Fujian": _("Fujian"),
    "Jiangxi": _("Jiangxi"),
    "Shandong": _("Shandong"),
    "Henan": _("Henan"),
    "Hubei": _("Hubei"),
    "Hunan": _("Hunan"),
    "Guangdong": _("Guangdong"),
    "Guangxi": _("Guangxi"),
    "Hainan": _("Hainan"),
    "Sichuan": _("Sichuan"),
    "Guizhou": _("Guizhou"),
    "Yunnan": _("Yunnan"),
    "Tibet": _("Tibet"),
    "Shaanxi": _("Shaanxi"),
    "Gansu": _("Gansu"),
    "Qinghai": _("Qinghai"),
    "Ningxia": _("Ningxia"),
    "Xinjiang": _("Xinjiang"),
    "Hong Kong": _("Hong Kong"),
    "Macau": _("Macau"),
    "Taiwan": _("Taiwan"),
}
PRICE_BANDS: Names = {
    "low": pgettext_lazy("price", "low"),
    "mid": pgettext_lazy("price", "middle"),
    "high": pgettext_lazy("price", "high"),
}
EVENTS: Names = {
    "Product Viewed": _("Product viewed"),
    "Product Added": _("Added to basket"),
    "Order Completed": _("Order completed"),
    "Order Refunded": _("Order refunded"),
    "Order Cancelled": _("Order cancelled"),
    "Message Decided": _("Message decided"),
    "Message Refused": _("Message refused"),
    "Contact Revealed": _("Contact data shown"),
    "Email Sent": _("E-mail sent"),
    "Email Delivered": _("E-mail delivered"),
    "Email Bounced": _("E-mail bounced"),
    "Email Marked as Spam": _("E-mail marked as spam"),
    "Email Opened": _("E-mail opened"),
    "Email Link Clicked": _("Link in e-mail clicked"),
    "Message Opened": _("Message opened by a person"),
    "Message Clicked": _("Message clicked by a person"),
    "Unsubscribed": _("Unsubscribed"),
    "Consent Changed": _("Consent changed"),
    "Suppression Lifted": _("May be written to again"),
    "Segment Entered": _("Entered a segment"),
    "Segment Exited": _("Left a segment"),
    "Signed Up": _("Signed up"),
    "Signed In": _("Signed in"),
    "Page Viewed": _("Page viewed"),
    "Products Searched": _("Searched for products"),
    "Product List Viewed": _("Product list viewed"),
    "Product Removed": _("Removed from basket"),
    "Cart Viewed": _("Basket viewed"),
    "Checkout Started": _("Checkout started"),
    "Product Added to Wishlist": _("Added to wish list"),
    "Test Event": _("Test event"),
    "page": _("Page viewed"),
    "screen": _("Screen viewed"),
    "identify": _("Details stated"),
    "group": _("Company stated"),
    "alias": _("Ids joined"),
}
# who opened or clicked
TOUCHES: Names = {"human": _("human"), "unknown": _("unknown"), "machine": _("machine")}
PROGRAM_KINDS: Names = {
    "campaign": _("Campaigns"),
    "transactional": _("Transactional"),
    "form": _("Forms"),
}

# campaign states, message states, effects and imports: one name space, the codes do not clash
STATUSES: Names = {
    "draft": _("Draft"),
    "scheduled": _("Scheduled"),
    "sending": _("Sending"),
    "paused": _("Paused"),
    "sent": _("Sent"),
    "cancelled": _("Cancelled"),
    "planned": _("Waiting"),
    "claimed": _("Waiting"),
    "handed_over": _("Being sent"),
    "accepted": _("Delivered"),
    "failed": _("Failed"),
    "unknown": _("Unknown"),
    "held_out": _("Held out"),
    "holdout": _("Held out"),
    "refused": _("Refused"),
    "refuse": _("Refused"),
    "send": _("Send"),
    "measured": _("Measured"),
    "not_clear": _("Not clear yet"),
    "no_effect": _("No effect seen"),
    "measuring": _("Measuring"),
    "no_holdout": _("No holdout"),
    "running": _("Running"),
    "done": _("Done"),
}
# status -> (tone, icon) of its tag
LOOKS: dict[str, tuple[str, str]] = {
    "measured": ("gain", "circle-check"),
    "not_clear": ("plain", "hourglass"),
    "no_effect": ("plain", "minus"),
    "measuring": ("plain", "hourglass-empty"),
    "no_holdout": ("plain", "ban"),
    "draft": ("quiet", "pencil"),
    "scheduled": ("plain", "clock"),
    "sending": ("gain", "send"),
    "sent": ("plain", "check"),
    "paused": ("warn", "player-pause"),
    "cancelled": ("quiet", "ban"),
    "accepted": ("gain", "mail-check"),
    "failed": ("problem", "alert-triangle"),
    "unknown": ("warn", "help-circle"),
    "refused": ("problem", "ban"),
    "held_out": ("quiet", "circle-dashed"),
    "holdout": ("quiet", "circle-dashed"),
    "done": ("gain", "circle-check"),
    "running": ("plain", "hourglass-empty"),
    "anonymous": ("quiet", "eye"),
    "lead": ("quiet", "user-plus"),
    "new": ("plain", "user-plus"),
    "active": ("gain", "user-check"),
    "at_risk": ("warn", "alert-triangle"),
    "lapsed": ("quiet", "user-off"),
    "won_back": ("gain", "arrow-back-up"),
}
STAGE_FILLS = {
    "lead": "blue",
    "new": "blue",
    "active": "gain",
    "at_risk": "harm",
    "lapsed": "grey",
    "won_back": "violet",
}
REASONS: Names = {
    # why somebody was refused a message
    "holdout": _("Held out for comparison"),
    "no_address": _("No e-mail address"),
    "bad_address": _("The address cannot be right"),
    "no_consent": _("No consent to offers by e-mail"),
    "unsubscribed": _("Unsubscribed"),
    "suppressed": _("The address is suppressed"),
    "erased": _("Erased at their request"),
    "render_failed": _("The message could not be made for them"),
    "cancelled": _("The campaign was cancelled"),
    # why a message waits
    "quiet_hours": _("Quiet hours where they are"),
    "send_window": _("Outside the hours for sending"),
    "throttled": _("The limit a minute is reached"),
    "warm_up": _("The warm-up's limit of the day is reached"),
    "local_clock": _("The hour has not come on their own clock"),
    # why somebody is not in a match list
    "no_identifier": _("No address or number that the platform matches by"),
    "shared": _("Shares the address or number with somebody who refused"),
    # why a row was rejected
    "missing_id": _("The id is missing"),
    "missing_field": _("A required field is empty"),
    "bad_number": _("Not a number"),
    "negative_price": _("The price is negative"),
    "bad_date": _("Not a date"),
    "future_date": _("The date lies in the future"),
    "bad_email": _("Not an e-mail address"),
    "duplicate_id": _("The id came twice with different contents"),
    "bad_encoding": _("Unreadable characters"),
    "bad_row": _("The row does not fit the columns"),
    "too_large": _("Larger than 32 KB"),
    "unknown_type": _("Unknown type of event"),
    "bad_currency": _("Unknown currency"),
    "not_json": _("Not JSON"),
    "reserved_name": _("A name that only this system may state"),
    "bot": _("A crawler, not a person"),
    "duplicate": _("Came before"),
    # why a message did not arrive
    "server_refused": _("The mail server refused it"),
    "recipient_refused": _("The address was refused"),
    "connection_lost": _("The connection was lost"),
    "timeout": _("The mail server did not answer in time"),
    "authentication": _("The mail server refused the sign-in"),
    "unreachable": _("The mail server could not be reached"),
    "interrupted": _("Sending was interrupted"),
    "no_smtputf8": _("The mail server takes no address in this script"),
    # what a message says that came back
    "user_unknown": _("The mailbox does not exist"),
    "host_unknown": _("The domain does not exist"),
    "moved": _("The owner has moved away"),
    "no_mail": _("The domain takes no mail"),
    "mailbox_full": _("The mailbox is full"),
    "suspended": _("The mailbox is suspended"),
    "filtered": _("Refused by the recipient's filter"),
    "expired": _("Not delivered in time"),
    "network": _("The server could not be reached"),
    "server": _("The recipient's server had a problem"),
    "unspecified": _("No reason was given"),
    "spam": _("Taken for spam"),
    "virus": _("Taken for harmful"),
    "content": _("The content was refused"),
    "too_big": _("The message is too large"),
    "policy": _("Against the recipient's policy"),
    "blocked": _("The sending server is blocked"),
    "auth_failure": _("SPF, DKIM or DMARC failed"),
    "sender": _("The sender's address was refused"),
    "relay": _("The server does not relay"),
    "rate_limited": _("Too many at a time"),
    "abuse": _("Called spam by the recipient"),
    "fraud": _("Called fraud by the recipient"),
    "opt_out": _("Asked to be left out"),
    "not_spam": _("Called no spam by the recipient"),
    "auto_reply": _("An automatic reply"),
    "delivered": _("Delivered"),
    "not_a_bounce": _("No bounce"),
    # why nobody is believed about a message of ours
    "no_message": _("It does not say which message it is about"),
    "unknown_message": _("No message of ours has that name"),
    "forged_tag": _("Its return path was altered, or was not made here"),
    "other_recipient": _("It names another address than the message went to"),
    "not_sent": _("That message was never handed over"),
    # what came back later for a message
    "hard": _("Address gone"),
    "soft": _("Not this time"),
    # why an address is suppressed
    "hard_bounce": _("The address does not exist"),
    "soft_bounces": _("Came back five times in a row"),
    "complaint": _("Complained"),
    "manual": _("Suppressed by hand"),
}
# what became of something that arrived where bounces do, in a sum
FATES: Names = {
    "matched": pgettext_lazy("sum of bounces", "about messages of ours"),
    "unmatched": pgettext_lazy("sum of bounces", "not believed"),
    "nothing": pgettext_lazy("sum of bounces", "no bounces"),
    "broken": pgettext_lazy("sum of bounces", "that cannot be read"),
}
SUPPRESSED: Names = {
    "unsubscribed": REASONS["unsubscribed"],
    "hard_bounce": REASONS["hard_bounce"],
    "soft_bounces": REASONS["soft_bounces"],
    "complaint": REASONS["complaint"],
    "manual": REASONS["manual"],
    "erased": _("Erased, kept as a mark that nobody can read"),
}
# what a segment's members leave as, for ad platforms
MATCH_LISTS: Names = {
    "match-google": _("Match list for Google Ads"),
    "match-meta": _("Match list for Meta"),
    "match-tencent": _("Match list for Tencent Ads (SHA-256)"),
    "match-tencent-md5": _("Match list for Tencent Ads (MD5)"),
}
HEALTH_STATES: Names = {
    "ok": _("In order"),
    "unknown": pgettext_lazy("state of a check", "Unknown"),
    "warning": pgettext_lazy("state of a check", "Warning"),
    "problem": pgettext_lazy("state of a check", "Problem"),
}
MATTERS: Names = {
    "spf": _("SPF: who may send"),
    "dkim": _("DKIM: signatures"),
    "dmarc": _("DMARC: what to do with forged mail"),
    "ptr": _("PTR: the name of the sending address"),
    "starttls": _("STARTTLS: encryption to the mail server"),
    "mx": _("MX: where answers go"),
    "tls_rpt": _("TLS-RPT: reports about encryption"),
    "mta_sts": _("MTA-STS: encryption asked of others"),
}
# what receivers report: RFC 6591 and RFC 8460
RESULTS: Names = {
    "dmarc": _("DMARC failed"),
    "spf": _("SPF failed"),
    "signature": _("The signature is wrong"),
    "bodyhash": _("The text was changed on the way"),
    "revoked": _("The key is revoked"),
    "adsp": _("The signature is missing"),
    "starttls-not-supported": _("The receiving server offers no encryption"),
    "certificate-host-mismatch": _("The certificate bears another name"),
    "certificate-expired": _("The certificate has expired"),
    "certificate-not-trusted": _("The certificate is not trusted"),
    "validation-failure": _("The check failed"),
    "tlsa-invalid": _("The TLSA record is not valid"),
    "dnssec-invalid": _("DNSSEC could not be checked"),
    "dane-required": _("DANE was asked for, and there is none"),
    "sts-policy-fetch-error": _("The MTA-STS policy could not be fetched"),
    "sts-policy-invalid": _("The MTA-STS policy is not valid"),
    "sts-webpki-invalid": _("The certificate of the MTA-STS policy is not valid"),
    "not-stated": _("Not stated"),
}
DOUBTS: Names = {
    "mistyped": _("The domain looks mistyped"),
    "disposable": _("Thrown away after use"),
}
_BOTH = _(
    "E-mail address and phone number, each as SHA-256. The headers are those that the platform asks for."
)
MATCHED_BY: Names = {
    "match-google": _BOTH,
    "match-meta": _BOTH,
    "match-tencent": _("Chinese mobile number as SHA-256, one a line, without a header."),
    "match-tencent-md5": _("Chinese mobile number as MD5, one a line, without a header."),
}
# why a row or payload was rejected, where that differs from why somebody was refused a message
REJECTS: Names = REASONS | {
    "no_consent": _("No consent to be tracked"),
    "bad_currency": _("Not in the currency of the shop"),
}
# reason of a reject -> how to mend it
MENDS: Names = {
    "missing_id": _(
        "Send userId or anonymousId with every event; in a file, map the column that holds the id."
    ),
    "missing_field": _("Fill in the field that the details name, then send it again."),
    "bad_number": _("Send amounts and quantities as plain numbers, such as 12.50."),
    "negative_price": _("Send money given back as Order Refunded with a positive amount."),
    "bad_date": _("Send times as ISO 8601, such as 2026-03-05T14:05:00Z."),
    "future_date": _("Set the clock of the sender, and check its time zone."),
    "bad_email": _("Correct the address at its source, or send the other traits without it."),
    "duplicate_id": _("Remove the repeated rows, or give them ids of their own."),
    "bad_encoding": _("Save the file as UTF-8 and import it again."),
    "bad_row": _("Send properties and traits as objects; in a file, look for unquoted separators."),
    "too_large": _(
        "Leave out what nobody reads; 32 KB, 32 levels and names of 200 characters are the limits."
    ),
    "unknown_type": _("Use track, identify, page, screen, group or alias."),
    "bad_currency": _("Convert the amounts to the currency of the shop before sending them."),
    "not_json": _("Send a JSON object, encoded as UTF-8."),
    "reserved_name": _(
        "Give the event another name; what happens to messages is recorded by the system itself."
    ),
    "bot": _("Nothing to do. If a person was taken for a crawler, send the event again."),
    "no_consent": _("Nothing to do; nothing of the person was kept."),
    "duplicate": _("Nothing to do; it counts once."),
    "erased": _("Nothing to do; nothing of the person was kept."),
}
# ready-made repair of rejects -> what it does
REPAIRS: Names = {
    "as_is": _("Send them again as they are, if a setting was changed meanwhile"),
    "refund": _("Treat negative amounts as refunds"),
    "positive": _("Take the minus off; the event keeps its name"),
    "time_of_receipt": _("Take the time at which it was received"),
    "event_from_name": _("Take the event from the field “name”"),
    "event_from_properties": _("Take the event from its property “event”"),
    "event_unnamed": _("Call the event “Unnamed Event”"),
    "numbers": _("Read numbers as people write them, such as ¥12 or 2 pcs"),
    "no_numbers": _("Leave out what is no number, and keep the rest"),
    "shop_currency": _("The amounts are in the currency of the shop"),
    "no_email": _("Leave out the e-mail address, and keep the other traits"),
    "no_properties": _("Leave out the properties and traits"),
    "smaller": _("Leave out the largest properties, as many as it takes"),
    "external": _("Mark the name as “(external)”"),
    "person": _("It was a person after all"),
    "typed": _("Take the type as the name of an event"),
    "track": _("Treat them as track events"),
}
SOURCE_KINDS: Names = {
    "web": _("Website"),
    "server": _("Server"),
    "app": _("App"),
    "zhiyin": _("Messages and receipts"),
    "files": _("Imported files"),
}
SOURCE_KIND_HELP: Names = {
    "web": _("Pages in a browser. Everybody can read the key there, so give it a limit."),
    "server": _("The shop's own server or its back office. The key stays secret."),
    "app": _("An app for phones, or a mini program."),
}
SOURCE_STATES: Names = {
    "fine": _("Fine"),
    "rejecting": _("Rejecting"),
    "late": _("Late"),
    "silent": _("Silent"),
    "revoked": _("Revoked"),
}
# kind -> icon, state -> (tone, icon)
SOURCE_PICTURES = {
    "web": "world",
    "server": "server",
    "app": "device-mobile",
    "zhiyin": "mail-opened",
    "files": "folder",
}
SOURCE_LOOKS = {
    "fine": ("gain", "circle-check"),
    "rejecting": ("problem", "alert-triangle"),
    "late": ("warn", "clock"),
    "silent": ("quiet", "circle-dashed"),
    "revoked": ("quiet", "ban"),
}
# status of an answer of the tracking API -> why
DOOR: Names = {
    "400": _("The request is broken"),
    "401": _("The key is missing, wrong or revoked"),
    "404": _("There is nothing at this address"),
    "405": _("Not sent with POST"),
    "408": _("The request took too long"),
    "413": _("Larger than 500 KB"),
    "415": _("Packed in an unknown way"),
    "429": _("Faster than the source may send"),
    "503": _("No room: the disk is full or the worker stands still"),
}
# what was checked before a message, when it holds
ALLOWED: Names = {
    "erased": _("Has not asked to be erased"),
    "no_address": _("Has an e-mail address"),
    "bad_address": _("The address can be right"),
    "suppressed": _("The address is not suppressed"),
    "unsubscribed": _("Has not unsubscribed"),
    "no_consent": _("Agreed to offers by e-mail"),
}
# event -> icon of the timeline
PICTURES = {
    "Product Viewed": "eye",
    "Product Added": "shopping-cart",
    "Order Completed": "shopping-bag",
    "Order Refunded": "receipt-refund",
    "Order Cancelled": "truck-return",
    "Email Opened": "mail-opened",
    "Email Link Clicked": "click",
    "Email Bounced": "mail-x",
    "Email Marked as Spam": "mail-x",
    "Unsubscribed": "mail-off",
    "Consent Changed": "shield-lock",
    "Suppression Lifted": "mail",
    "Contact Revealed": "eye",
    "Segment Entered": "arrow-right",
    "Segment Exited": "arrow-left",
    "Products Searched": "search",
    "Signed Up": "user-plus",
}
KINDS: Names = {
    "customers": pgettext_lazy("kind of file", "Customers"),
    "items": pgettext_lazy("kind of file", "Items"),
    "events": pgettext_lazy("kind of file", "Events"),
    "orders": pgettext_lazy("kind of file", "Orders"),
    "suppressions": pgettext_lazy("kind of file", "Suppressed addresses"),
}
KIND_HELP: Names = {
    "customers": _("One row for each customer: id, e-mail, name, anything else you know."),
    "items": _("One row for each item: id, name, category, price."),
    "orders": _("One row for each order or each line of an order: id, customer, time, amount."),
    "events": _("One row for each event: what, who, when."),
    "suppressions": _("One row for each address that must not be written to; reason and time if known."),
}
FIELDS: Names = {
    "address": _("E-mail address"),
    "reason": _("Reason"),
    "at": _("Since"),
    "customer_id": _("Customer's id"),
    "email": _("E-mail"),
    "phone": _("Phone"),
    "name": _("Name"),
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "language": _("Language"),
    "created_at": _("Customer since"),
    "consent": _("Consent to offers"),
    "consent_at": _("When consent was given"),
    "item_id": _("Item's id"),
    "name_en": _("English name"),
    "name_zh": _("Chinese name"),
    "category": _("Category"),
    "price": _("Price"),
    "currency": _("Currency"),
    "url": _("Address"),
    "image_url": _("Address of a picture"),
    "available": _("Available"),
    "order_id": _("Order's id"),
    "timestamp": _("Time"),
    "quantity": _("Quantity"),
    "line_amount": _("Amount of the line"),
    "amount": _("Amount of the order"),
    "status": _("Status"),
    "event_id": _("Event's id"),
    "type": _("Type"),
    "event": _("Event"),
    "anonymous_id": _("Visitor's id"),
    "campaign": _("Campaign"),
    "properties": _("Properties"),
}
PLACEMENTS: Names = {
    "email": _("E-mail"),
    "home": _("Home page"),
    "item": _("Item page"),
    "basket": _("Basket"),
}
QUESTIONS: Names = {
    "next": _("What will this customer buy next?"),
    "session": _("Who looks at this item: where do they turn next?"),
    "basket": _("What goes with what is in the basket?"),
}
# why a model answers at a placement
CHOICES: Names = {
    "only": _("Nobody else took part"),
    "best": _("Best on the weeks to choose by"),
    "tie_in_use": _("As good as the best, and in use"),
    "tie_cheaper": _("As good as the best, and simpler"),
    "too_few": _("Too few purchases to compare"),
}
LEFT_OUT: Names = {
    "unavailable": _("not available"),
    "bought": _("bought lately"),
    "category": _("enough of its category"),
    "excluded": _("left out here by the shop"),
    "present": _("in the basket or looked at"),
}
TRAINING_WARNINGS: Names = {
    "no_better_than_popularity": _("not surely better than popularity"),
    "too_few": _("too few purchases to compare"),
}
STEP_KINDS: Names = {
    "bought": _("purchases"),
    "added": _("additions to the basket"),
    "viewed": _("views"),
    "basket": _("the basket"),
    "rated": _("ratings"),
}
MODELS: Names = {
    "popularity": _("Popularity"),
    "group_popularity": _("Popularity by group"),
    "trending": _("On the rise"),
    "item_neighbours": _("Item neighbours"),
    "ease": _("Linear model (EASE)"),
    "graph": _("Graph of customers and items"),
    "slim": _("Sparse linear model (SLIM)"),
    "sparse_ease": _("Linear model for long catalogues (sparse EASE)"),
    "user_neighbours": _("People alike"),
    "content": _("Content"),
    "hybrid": _("Hybrid"),
    "als": _("Factors (ALS)"),
    "bpr": _("Factors (BPR)"),
    "svd": _("Ratings (SVD)"),
    "item_vectors": _("Item vectors"),
    "markov": _("Next item (Markov)"),
    "sequence_linear": _("Linear model of sequences"),
    "session_neighbours": _("Visits alike"),
    "baskets": _("Goes with (baskets)"),
    "habits": _("Habits"),
    "recent": _("Recently viewed"),
    "random": _("Random"),
    "blend": _("Blend"),
    "sasrec": _("Transformer (SASRec)"),
    "gru4rec": _("Recurrent network (GRU4Rec)"),
    "ncf": _("Neural collaborative filtering (NCF)"),
}
CHECKS: Names = {
    "python": _("Program"),
    "disk": _("Disk"),
    "secret": _("Secret"),
    "records": _("Records"),
    "lake": _("Lake"),
    "spool": _("Spool"),
    "address": _("Public address"),
    "sender": _("Sender"),
    "mail": _("Mail server"),
    "bounces": _("What comes back"),
    "channel": _("Channel"),
    "deliverability": _("Deliverability"),
    "extras": _("Extras"),
}
# (check, level) -> what it means for the shop; the doctor's own text stands in the tooltip
CHECK_TEXTS: dict[tuple[str, str], Promise | str] = {
    ("python", "ok"): _("The program is installed."),
    ("disk", "ok"): _("There is room on the disk."),
    ("disk", "problem"): _("The disk is nearly full. Make room before the next import."),
    ("secret", "ok"): _("Links in messages are signed with this server's own secret."),
    ("secret", "warning"): _("Other accounts of this machine can read the settings. Restrict zhiyin.toml."),
    ("secret", "problem"): _("The secret that signs links is missing or short. Set server.secret."),
    ("records", "ok"): _("Customers and campaigns can be read and written."),
    ("records", "warning"): _("Live segments have many members. Move the records to PostgreSQL."),
    ("records", "problem"): _("The records cannot be read or are out of date. Restart the server."),
    ("lake", "ok"): _("Events can be read."),
    ("lake", "warning"): _("There are no events yet. Import orders."),
    ("lake", "problem"): _("The lake cannot be read."),
    ("spool", "ok"): _("Arriving events are taken in."),
    ("spool", "warning"): _("Many events wait to be taken in. See whether the worker runs."),
    ("address", "ok"): _("Links in messages lead to a public address."),
    ("address", "warning"): _(
        "Links in messages lead to this machine only. Set server.base_url to the public address."
    ),
    ("sender", "ok"): _("Messages have a sender."),
    ("sender", "warning"): _("Messages have no sender yet. Fill in the sender's e-mail."),
    ("bounces", "ok"): _("What comes back is taken in, as far as a mailbox is set up for it."),
    ("bounces", "warning"): _("Nobody reads what comes back. See the mailbox under Settings."),
    ("bounces", "problem"): _("The mailbox that takes what comes back cannot be read."),
    ("deliverability", "ok"): _("Nothing is known against the sender's domain."),
    ("deliverability", "warning"): _("DNS of the sender's domain was not checked, or is not all in order."),
    ("deliverability", "problem"): _("DNS has problems with the sender's domain. Look at Deliverability."),
    ("mail", "ok"): _("The mail server answers."),
    ("mail", "warning"): _("No mail server is set up, so nothing can be sent. Fill it in."),
    ("mail", "problem"): _("The mail server does not answer. Check its name, port and encryption."),
    ("channel", "ok"): _("Nothing holds messages back."),
    ("channel", "problem"): _("Messages wait for the mail server. Look at Channel health."),
    ("extras", "ok"): _("No part is missing."),
}
CHANNELS: Names = {"email": _("E-mail"), "sms": _("Text message"), "wechat": _("WeChat")}
FEATURE_KINDS: Names = {
    "text": _("text"),
    "number": _("number"),
    "time": _("time"),
    "flag": _("yes or no"),
}
WEEKDAYS: Names = {
    "1": _("Monday"),
    "2": _("Tuesday"),
    "3": _("Wednesday"),
    "4": _("Thursday"),
    "5": _("Friday"),
    "6": _("Saturday"),
    "7": _("Sunday"),
}
DEVICES: Names = {
    "desktop": _("Desktop computer"),
    "mobile": _("Mobile phone"),
    "tablet": _("Tablet"),
    "tv": _("Television"),
    "other": pgettext_lazy("device", "Other"),
}
# where a visit comes from; the marks of links are the shop's own and stand for themselves
ORIGINS: Names = {
    "direct": _("Direct"),
    "search": _("Search engine"),
    "social": _("Social network"),
    "email": _("E-mail"),
    "assistant": _("AI assistant"),
    "paid": _("Advertisement"),
    "referral": _("Another website"),
}
PURPOSES: Names = {
    "marketing": _("offers"),
    "transactional": _("orders"),
    "training": _("model training"),
    "tracking": _("tracking"),
}


# what a decision was made with -> its name
VERSIONS: Names = {
    "assignment": _("Drawing of the holdout"),
    "consent": _("Rule of consent"),
    "recommender": _("Recommendation model"),
    "seed": _("Seed of the draw"),
    "segment": _("Segment and version"),
    "template": _("Wording"),
    "wording": _("Wording"),
    "occurrence": _("Sent again on demand, message number"),
    "topic": _("Topic"),
}
SIGN_UPS: Names = {
    "confirmed": _("Confirmed"),
    "pending": _("Unconfirmed"),
    "expired": _("Expired"),
    "refused": _("Refused"),
}
SIGN_UP_REASONS: Names = {
    "trap": _("A program filled in what people do not see"),
    "too_fast": _("Sent sooner than anybody types"),
    "stale": _("The page was open for over a day"),
    "unknown_origin": _("From a site that the form does not name"),
    "closed": _("The form is closed"),
    "bad_email": _("No e-mail address"),
    "bad_field": _("A field is too long or not asked for"),
    "mistyped": _("Asked whether the address was mistyped"),
    "disposable": _("Address thrown away after use"),
    "unknown_topic": _("A topic that the form does not offer"),
    "no_topic": _("No topic chosen"),
    "suppressed": _("The address must not be written to"),
    "address_limit": _("Over 3 messages a day to one address"),
    "network_limit": _("Over 10 an hour from one network"),
}
OPT_INS: Names = {"double": _("Double opt-in"), "single": _("Single opt-in")}
OPT_IN_HELP: Names = {
    "double": _(
        "A message asks whether the address is theirs; nothing happens before they press its button."
    ),
    "single": _("An address that nobody knows is taken at once. Known ones are asked all the same."),
}
FORM_FIELDS: Names = {
    "name": pgettext_lazy("of a person", "Name"),
    "city": _("City"),
    "language": _("Language"),
}
FORM_TEXTS: Names = {
    "title": _("Title"),
    "intro": _("Introduction"),
    "consent": _("What they agree to"),
    "button": _("Button"),
    "subject": _("Subject of the confirmation"),
    "letter": _("Text of the confirmation"),
}
# where a word about consent was said -> in words
CONSENT_SOURCES: Names = {
    "import": _("from a file"),
    "unsubscribe:one_click": _("unsubscribed with one click in the mail program"),
    "unsubscribe:page": _("unsubscribed on the page behind the link"),
    "unsubscribe:preferences": _("unticked on the page of choices"),
    "preferences": _("ticked on the page of choices"),
}
CONSENT_RULES: Names = {
    "opt_in": _("Only customers who agreed"),
    "opt_out": _("Also customers who were never asked"),
}


def language(code: str) -> str:
    """The name of a language in the reader's language; an unknown code stands for itself."""
    known = "zh-hans" if code.lower() in ("zh", "zh-cn") else code.lower()
    try:
        return str(get_language_info(known)["name_translated"])
    except KeyError:
        return code


def repair(rule: str) -> str:
    """What a ready-made repair does; one that takes an id from a field says from which."""
    field, colon, source = rule.partition(":")
    if not colon:
        return name(REPAIRS, rule)
    text = (
        gettext("Take the customer from %(field)s")
        if field == "userId"
        else gettext("Take the visitor from %(field)s")
    )
    return text % {"field": source}


def version(name: str, value: object) -> str:
    """With what a decision was made, in words where it is a code."""
    if name == "topic":
        return purpose(str(value))
    return str(CONSENT_RULES.get(str(value), value)) if name == "consent" else str(value)


def consent_source(code: str) -> str:
    """Where a word about consent was said: a form by its name."""
    kind, colon, key = code.partition(":")
    if kind != "form" or not colon:
        return name(CONSENT_SOURCES, code)
    from zhiyin.entrypoints.site import current
    from zhiyin.services import forms

    row = forms.find(current(), key)
    return gettext("form “%(name)s”") % {"name": row.name if row else key}


def program(told: str) -> str:
    """What sent a message, by its name in the ledger: the confirmation of a form by that form's name."""
    kind, _colon, _key = told.partition(":")
    return gettext("confirmation, %(form)s") % {"form": consent_source(told)} if kind == "form" else told


def purpose(code: str) -> str:
    """What a consent is for: offers, or the name of a topic in the reader's language."""
    from zhiyin.services import topics

    return name(PURPOSES, code) if code in PURPOSES else topics.name(code, get_language() or "en")


def tell(text: object) -> str:
    """A sentence of the domain, such as an error's, in the reader's language; other texts stay as they are."""
    return (
        texts.tell(text, gettext, gettext(", ")).replace("。 ", "。") if isinstance(text, str) else str(text)
    )


def lazily(text: texts.Text) -> Promise:
    """A sentence of the domain without values, to be translated when it is shown."""
    return _(text.template)


def name(names: Names, code: object) -> str:
    """The name of a code; an unknown code, such as an event name of the shop's own, stands for itself."""
    return str(names.get(str(code), code or ""))


def model_version(which: str) -> str:
    """A version of a model: Linear model (EASE), version 3."""
    known, _slash, version = which.partition("/")
    return gettext("%(model)s, version %(version)s") % {"model": name(MODELS, known), "version": version}
