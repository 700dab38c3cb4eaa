"""The app's settings: config.yaml, its profile, and the environment."""

import typing
from dataclasses import dataclass

import yaml

from typed import Invalid, bounded, read


@dataclass(frozen=True)
class Settings:
    #: What prices are in.
    currency: str
    #: Price of a kilogram, by zone.
    prices: typing.Dict[str, float]
    #: Factor for express parcels.
    express: float = bounded(above=1, default=2.0)
    #: Heaviest parcel, kg.
    heaviest: float = bounded(above=0, default=30.0)


def load(path, environ):
    """
    The name of the profile, which is Propylon's, and the settings for it.
    Variables win over the file: API_CURRENCY sets `currency`.
    """
    with open(path, encoding="utf-8") as file:
        values = yaml.safe_load(file)
    profile = environ.get("PROPYLON_PROFILE", "")
    profiles = values.pop("profiles", None) or {}
    values.update(profiles.get(profile) or {})
    variables = {
        name[len("API_"):].lower(): value
        for name, value in environ.items() if name.startswith("API_")
    }
    try:
        settings = read(Settings, {**values, **variables}, text=variables)
    except Invalid as invalid:
        where = f"{path}, profile {profile}" if profile else path
        raise ValueError(f"{where}: {invalid}") from None
    return profile, settings
