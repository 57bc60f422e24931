"""Prices and dates as people write them, by the rules of the currency and of the reader's language."""

from datetime import datetime
from decimal import Decimal

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

# ISO 4217: currencies whose coins are no hundredths; any other has two digits
DIGITS = {
    "BHD": 3, "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0,
    "KMF": 0, "KRW": 0, "KWD": 3, "LYD": 3, "OMR": 3, "PYG": 0, "RWF": 0, "TND": 3, "UGX": 0,
    "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
}  # fmt: skip
SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}  # no other currency is written so


def price(cents: int, currency: str) -> str:
    """Return a price that was told in hundredths: "$1,250.00", "1,800 JPY"; nothing rounded away."""
    if not cents:
        return _("free")
    amount = Decimal(cents) / 100
    digits = DIGITS.get(currency, 2)
    if amount != round(amount, digits):
        digits = 2
    number = number_format(amount, digits, use_l10n=True, force_grouping=True)
    if sign := SIGNS.get(currency):
        # Translators: a price, such as $1,250.00
        return pgettext("price", "%(sign)s%(number)s") % {"sign": sign, "number": number}
    # Translators: a price in a currency without a sign of its own, such as 1,800 JPY
    return pgettext("price", "%(number)s %(currency)s") % {"number": number, "currency": currency}


def day(moment: datetime) -> str:
    """Return a day in running text: "March 5, 2026"."""
    return date_format(moment, "DATE_FORMAT")


def time_of_day(moment: datetime) -> str:
    """Return a time of day in running text, on the moment's own clock: "18:30"."""
    return date_format(moment, "TIME_FORMAT")
