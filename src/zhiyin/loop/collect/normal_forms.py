"""e-mail addresses and phone numbers as people write them → one form each, so that equal ones are equal."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

# currencies of one country; the others are told apart by the time zone
_BY_CURRENCY = {
    "CNY": "CN", "JPY": "JP", "KRW": "KR", "HKD": "HK", "TWD": "TW", "SGD": "SG", "MYR": "MY", "THB": "TH",
    "VND": "VN", "IDR": "ID", "PHP": "PH", "INR": "IN", "GBP": "GB", "CHF": "CH", "SEK": "SE", "NOK": "NO",
    "DKK": "DK", "PLN": "PL", "CZK": "CZ", "HUF": "HU", "RON": "RO", "TRY": "TR", "RUB": "RU", "UAH": "UA",
    "AUD": "AU", "NZD": "NZ", "CAD": "CA", "MXN": "MX", "BRL": "BR", "ARS": "AR", "CLP": "CL", "COP": "CO",
    "ZAR": "ZA", "EGP": "EG", "NGN": "NG", "KES": "KE", "AED": "AE", "SAR": "SA", "ILS": "IL", "USD": "US",
    "MOP": "MO",
}  # fmt: skip
_BY_CITY = {
    "Amsterdam": "NL", "Athens": "GR", "Berlin": "DE", "Bratislava": "SK", "Brussels": "BE", "Busingen": "DE",
    "Dublin": "IE", "Helsinki": "FI", "Lisbon": "PT", "Ljubljana": "SI", "Luxembourg": "LU", "Madrid": "ES",
    "Malta": "MT", "Paris": "FR", "Riga": "LV", "Rome": "IT", "Tallinn": "EE", "Vienna": "AT",
    "Vilnius": "LT", "Zagreb": "HR", "Nicosia": "CY", "Monaco": "MC", "Sofia": "BG", "Shanghai": "CN",
    "Hong_Kong": "HK", "Macau": "MO", "Taipei": "TW", "Singapore": "SG", "Tokyo": "JP", "London": "GB",
}  # fmt: skip


@lru_cache(maxsize=20_000)
def email(written: str) -> str | None:
    """The address in its normal form, None for what is none. Nobody is asked whether it exists.

    The domain is lower case; the part before it is kept as it is, since some servers care.

    >>> email(" Ann.Lee@Example.COM "), email("ann@@example.com")
    ('Ann.Lee@example.com', None)
    """
    from email_validator import EmailNotValidError, validate_email

    text = unicodedata.normalize("NFC", written.strip())
    if "." not in text.rpartition("@")[2]:
        return None
    try:
        # .test is a domain that shops try things out with; it leads nowhere
        found = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    return found.normalized


@lru_cache(maxsize=20_000)
def phone(written: str, region: str) -> str | None:
    """The number as +, country and digits (E.164), None for what cannot be one.

    ``region`` is the country that a number without a country code belongs to.

    >>> phone("138 0013 8000", "CN"), phone("+44 20 7946 0958", "CN"), phone("call me", "CN")
    ('+8613800138000', '+442079460958', None)
    """
    import phonenumbers

    try:
        number = phonenumbers.parse(written, region or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=100)
def region(currency: str, timezone: str) -> str:
    """The country that phone numbers of a shop belong to, empty where neither tells.

    >>> region("CNY", "Asia/Shanghai"), region("EUR", "Europe/Vienna"), region("USD", "Asia/Shanghai")
    ('CN', 'AT', 'CN')
    """
    city = _BY_CITY.get(timezone.rpartition("/")[2])
    return city or _BY_CURRENCY.get(currency.upper(), "")
