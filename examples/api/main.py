"""Prices of parcels, as an API whose input and settings are typed."""

import dataclasses
import functools
import os
import pathlib
import typing

from flask import Flask, jsonify, request
from werkzeug.exceptions import HTTPException

import metrics
from settings import load
from typed import Invalid, bounded, read

profile, settings = load(
    str(pathlib.Path(__file__).with_name("config.yaml")), os.environ)

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
metrics.measure(app)


def typed(handler):
    """A view that reads the query or the JSON body as the handler's type."""
    kind = typing.get_type_hints(handler)["given"]

    @functools.wraps(handler)
    def view():
        if request.method == "GET":
            query = request.args.to_dict()
            return jsonify(handler(read(kind, query, text=query)))
        try:
            body = request.get_json(silent=True)
        except RecursionError:  # a deeper nesting than Python reads
            body = None
        if not isinstance(body, dict):
            raise Invalid({"body": "is a JSON object"})
        return jsonify(handler(read(kind, body)))

    return view


@dataclasses.dataclass(frozen=True)
class Parcel:
    zone: str
    #: kg
    weight: float = bounded(above=0, most=settings.heaviest)
    express: bool = False


@app.route("/api/quote", methods=["GET", "POST"])
@typed
def quote(given: Parcel):
    if given.zone not in settings.prices:
        zones = ", ".join(settings.prices)
        raise Invalid({"zone": f"is one of {zones}"})
    factor = settings.express if given.express else 1
    price = given.weight * settings.prices[given.zone] * factor
    metrics.QUOTES.labels(given.zone).inc()
    return {"price": round(price, 2), "currency": settings.currency}


@app.get("/api/settings")
def show_settings():
    return jsonify(profile=profile, **dataclasses.asdict(settings))


@app.errorhandler(Invalid)
def invalid(error):
    return jsonify(error="invalid", fields=error.fields), 400


@app.errorhandler(HTTPException)
def http_error(error):
    response = error.get_response()
    response.data = app.json.dumps(
        {"error": error.name.lower(), "reason": error.description})
    response.content_type = "application/json"
    return response


if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", 5000)))
