"""Money: integer minor units, so that sums agree exactly on every engine."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

# ISO 4217 currencies whose minor unit is not a hundredth.
EXPONENTS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV",
         "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}  # fmt: skip
_FACTORS = {"CNY": 100, "USD": 100, "EUR": 100}  # the most frequent, known without a look
_DIGITS = 15  # of whole units: with three decimal places that still is a 64-bit number
SYMBOLS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "HKD": "HK$", "TWD": "NT$"}


def exponent(currency: str) -> int:
    """Decimal places of a currency: 2 for most, 0 for yen, 3 for dinars."""
    return EXPONENTS.get(currency.upper(), 2)


def to_minor(amount: str | int | float | Decimal, currency: str) -> int:
    """Minor units of an amount as people write it. Raises ``ValueError`` where it is none, or 10¹⁵ and more.

    >>> to_minor("1,234.50", "CNY")
    123450
    """
    if type(amount) is float:
        scaled = amount * (_FACTORS.get(currency) or 10 ** exponent(currency))
        # so far from a half and so small, binary and decimal digits round alike
        if -1e12 < scaled < 1e12:
            minor: int = round(scaled)
            if -0.25 < scaled - minor < 0.25:
                return minor
    try:
        value = Decimal(str(amount).replace(",", "").strip())
    except InvalidOperation:
        raise ValueError(f"{amount!r} is not an amount") from None
    if not value.is_finite() or value.adjusted() >= _DIGITS:
        raise ValueError(f"{amount!r} is not an amount")
    return int((value * 10 ** exponent(currency)).to_integral_value(ROUND_HALF_UP))


def to_major(minor: int, currency: str) -> Decimal:
    """The amount as people write it.

    >>> to_major(123450, "CNY")
    Decimal('1234.50')
    """
    return Decimal(minor).scaleb(-exponent(currency))


def display(minor: int | float, currency: str, *, whole: bool = False) -> str:
    """The amount for a reader: symbol, thousands, a true minus.

    >>> display(-8460000, "CNY", whole=True)
    '−¥84,600'
    """
    digits = 0 if whole else exponent(currency)
    value = Decimal(round(minor)).scaleb(-exponent(currency))
    symbol = SYMBOLS.get(currency.upper(), f"{currency} ")
    return f"{'−' if value < 0 else ''}{symbol}{abs(value):,.{digits}f}"
