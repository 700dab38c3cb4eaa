"""Reads data from outside into a dataclass by the types of its fields."""

import dataclasses
import json
import math
import typing


class Invalid(Exception):
    """Input that can't be taken; `fields` says of each what it must be."""

    def __init__(self, fields):
        wrong = (f"{field} {reason}" for field, reason in fields.items())
        super().__init__("; ".join(wrong))
        self.fields = fields


def bounded(above=None, most=None, **options):
    """A dataclass field whose number is above one and at most another."""
    return dataclasses.field(
        metadata={"above": above, "most": most}, **options)


def read(kind, given, text=()):
    """
    A `kind`, which is a dataclass, of what was given by name. Values of the
    names in `text` are text, as in a query or the environment. Raises
    Invalid, which names every field that is wrong.
    """
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    wrong = {str(name): "is not known" for name in given if name not in fields}
    values = {}
    for name, field in fields.items():
        if name not in given:
            if field.default is dataclasses.MISSING:
                wrong[name] = "is required"
            continue
        try:
            value = convert(hints[name], given[name], name in text)
            values[name] = check(value, field.metadata)
        except ValueError as error:
            wrong[name] = str(error)
    if wrong:
        raise Invalid(wrong)
    return kind(**values)


def convert(kind, value, text=False):
    if typing.get_origin(kind) is dict:
        item = typing.get_args(kind)[1]
        if not isinstance(value, dict):
            raise ValueError("is a section")
        return {str(name): convert(item, one) for name, one in value.items()}
    if text and kind is not str:
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            pass  # it stays text, which is wrong below
    # To Python true and false are numbers.
    if isinstance(value, bool) is not (kind is bool):
        raise ValueError(NAMES[kind])
    if kind is float and isinstance(value, int):
        value = float_of(value)
    if not isinstance(value, kind):
        raise ValueError(NAMES[kind])
    if kind is float and not math.isfinite(value):
        raise ValueError(NAMES[kind])
    return value


def float_of(number):
    try:
        return float(number)
    except OverflowError:
        raise ValueError("is too large") from None


def check(value, bounds):
    above, most = bounds.get("above"), bounds.get("most")
    if above is not None and value <= above:
        raise ValueError(f"is above {above}")
    if most is not None and value > most:
        raise ValueError(f"is at most {most}")
    return value


NAMES = {
    bool: "is true or false",
    int: "is a whole number",
    float: "is a number",
    str: "is text",
}
