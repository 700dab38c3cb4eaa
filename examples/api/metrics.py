"""The app's own Prometheus metrics. Propylon's /metrics has them, those of all workers as one."""

import time

from flask import g, request
from prometheus_client import Counter, Histogram

QUOTES = Counter("parcel_quotes_total", "Quotes given", ["zone"])
SECONDS = Histogram(
    "parcel_request_seconds", "Time in the app", ["route", "status"])


def measure(app):
    """Times every request."""

    @app.before_request
    def begin():
        g.begun = time.perf_counter()

    @app.after_request
    def end(response):
        route = request.url_rule.rule if request.url_rule else "none"
        taken = time.perf_counter() - g.begun
        SECONDS.labels(route, response.status_code).observe(taken)
        return response
