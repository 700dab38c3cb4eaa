"""The app's own Prometheus metrics, of all of its processes together."""

import atexit
import os
import time

from flask import Response, g, request
from prometheus_client import (CONTENT_TYPE_LATEST, REGISTRY,
                               CollectorRegistry, Counter, Histogram,
                               generate_latest, multiprocess)

QUOTES = Counter("parcel_quotes_total", "Quotes given", ["zone"])
SECONDS = Histogram(
    "parcel_request_seconds", "Time in the app", ["route", "status"])


def measure(app, path):
    """Times every request, and answers at `path` with all metrics."""
    # Processes share their numbers by files when there is a folder for them.
    shared = "PROMETHEUS_MULTIPROC_DIR" in os.environ
    if shared:
        atexit.register(lambda: multiprocess.mark_process_dead(os.getpid()))

    @app.before_request
    def begin():
        g.begun = time.perf_counter()

    @app.after_request
    def end(response):
        route = request.url_rule.rule if request.url_rule else "none"
        if route != path:
            taken = time.perf_counter() - g.begun
            SECONDS.labels(route, response.status_code).observe(taken)
        return response

    @app.get(path)
    def metrics():
        registry = CollectorRegistry() if shared else REGISTRY
        if shared:
            multiprocess.MultiProcessCollector(registry)
        return Response(
            generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
