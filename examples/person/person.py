"""What a person is: the fields, and the rules for them."""

import datetime
import re
import unicodedata

#: Name of each field, with its label, input type, longest length, and what browsers fill it with.
FIELDS = {
    "name": ("Name", "text", 100, "name"),
    "address": ("Address", "text", 200, "street-address"),
    "phone": ("Phone", "tel", 40, "tel"),
    "email": ("E-mail", "email", 200, "email"),
    "birthday": ("Birthday", "date", 10, "bday"),
}

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
PHONE = re.compile(r"[0-9+()/.\- ]+")


class Invalid(Exception):
    """Input that can't be taken; `errors` says for each field what it must be."""

    def __init__(self, errors):
        super().__init__("; ".join(f"{field} {reason}" for field, reason in errors.items()))
        self.errors = errors


def clean(given):
    """A person of what was given, trimmed, with every field; raises Invalid naming all fields that are wrong."""
    errors = {field: "is not a field of a person" for field in given if field not in FIELDS}
    person = {}
    for field, (_, _, longest, _) in FIELDS.items():
        value = given.get(field, "")
        if value is None:
            value = ""
        if not isinstance(value, str):
            errors[field] = "is text"
            continue
        person[field] = value = value.strip()
        if len(value) > longest:
            errors[field] = f"has at most {longest} characters"
        elif any(unicodedata.category(character) in ("Cc", "Cs") for character in value):
            # Cs: half of a pair, which JSON can write and no database can keep.
            errors[field] = "has no control characters"
        elif field == "name" and not value:
            errors[field] = "is required"
        elif value and field in RULES and not RULES[field][0](value):
            errors[field] = RULES[field][1]
    if errors:
        raise Invalid(errors)
    return person


def is_birthday(text):
    """A date of the past, written YYYY-MM-DD."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return False
    try:
        return datetime.date.fromisoformat(text) <= datetime.date.today()
    except ValueError:
        return False


RULES = {
    "email": (EMAIL.fullmatch, "is an address such as ada@example.org"),
    "phone": (PHONE.fullmatch, "has digits, spaces and + ( ) / . - only"),
    "birthday": (is_birthday, "is a past date such as 1990-12-31"),
}
