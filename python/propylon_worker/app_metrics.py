"""The app's own Prometheus metrics: what `prometheus_client` counts in this process, told to main, which merges all workers.

Nothing is imported and nothing of the app is touched: an app that has imported prometheus_client has its default registry read when
main asks, in a thread of its own, so that a collector that hangs keeps neither a lane nor the control channel waiting.
"""

import atexit
import math
import os
import sys
import threading
import time

from .failures import failures

#: Families that prometheus_client has of each process by itself; main knows the processes' figures better.
OF_THE_PROCESS = frozenset(
    (
        "process_virtual_memory_bytes",
        "process_resident_memory_bytes",
        "process_start_time_seconds",
        "process_cpu_seconds",
        "process_open_fds",
        "process_max_fds",
        "python_info",
        "python_gc_objects_collected",
        "python_gc_objects_uncollectable",
        "python_gc_collections",
    )
)
#: Types as prometheus_client names them, and ours. What can't be merged is left out.
TYPES = {
    "counter": "counter",
    "gauge": "gauge",
    "histogram": "histogram",
    "summary": "summary",
    "info": "gauge",
    "stateset": "gauge",
    "unknown": "unknown",
    "untyped": "unknown",
}
#: Samples in one message, and characters in it: main takes lines of up to 1 MiB.
PART = 1000
PART_SIZE = 200000
LONGEST_VALUE = 1000
#: How often, and for how long, a thread sleeps to see how late it gets the interpreter's lock again.
PROBES = 3
PROBE = 0.0005


class AppMetrics:
    """Answers main's questions, one after the other."""

    def __init__(self, say):
        self._say = say
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._wanted = None  # (id, most samples) of the last question
        self._limit = None  # of the last question ever
        self._working = False
        self._waited = 0.0  # seconds that probes waited for the interpreter's lock
        self._probes = 0
        atexit.register(self._last_words)

    def expect(self, limit):
        """Questions will be for so many samples: the last words of one that is never asked are as long."""
        self._limit = limit

    def ask(self, ident, limit):
        """Reports in a thread of its own. A question that comes while one is worked on replaces those that wait."""
        with self._lock:
            self._wanted = (ident, limit)
            self._limit = limit
            if self._working:
                return
            self._working = True
        try:
            threading.Thread(target=self._work, name="propylon-metrics", daemon=True).start()
        except RuntimeError:
            pass  # the interpreter is ending: the last words follow

    # --- internal ---

    def _work(self):
        while True:
            with self._lock:
                wanted, self._wanted = self._wanted, None
                if wanted is None:
                    self._working = False
                    return
            self._report(*wanted)
            self._probe()

    def _last_words(self):
        """What was counted since the last question; not by a forked child, which is not the worker."""
        if self._limit is not None and os.getpid() == self._pid:
            self._report(0, self._limit)

    def _report(self, ident, limit):
        families, left_out, error = [], 0, None
        known = sys.modules.get("prometheus_client.registry") if limit > 0 else None
        try:
            if known is not None:
                families, left_out = collect(known.REGISTRY, limit)
        except Exception as failure:
            error = "%s: %s" % (type(failure).__name__, failure)
        gil = [self._waited, self._probes] if has_lock() else None
        parts = list(parted(families)) or [[]]
        for number, part in enumerate(parts):
            self._say(
                {
                    "metrics": ident,
                    "families": part,
                    "more": number + 1 < len(parts),
                    "imported": known is not None,
                    "left_out": left_out,
                    "error": error and error[:500],
                    "gil": gil,
                    "exceptions": failures(),
                }
            )

    def _probe(self):
        for _ in range(PROBES if has_lock() else 0):
            began = time.perf_counter()
            time.sleep(PROBE)
            self._waited += max(0.0, time.perf_counter() - began - PROBE)
            self._probes += 1


def has_lock():
    """Whether threads of this interpreter wait for one another (False: a free-threaded build)."""
    return getattr(sys, "_is_gil_enabled", lambda: True)()


def collect(registry, limit):
    """The families of a registry, at most `limit` samples, and how many samples were left out.

    A family is [name, type, mode, help, series]; series are [sample's name, [label names], [[label values], value]...].
    """
    modes = {}
    for collector in list(getattr(registry, "_collector_to_names", ())):
        mode = getattr(collector, "_multiprocess_mode", None)
        if mode is not None:
            modes[getattr(collector, "_name", "")] = str(mode)
    families = []
    count = left_out = 0
    for metric in registry.collect():
        if metric.name in OF_THE_PROCESS or metric.type not in TYPES:
            continue
        series = {}
        for sample in metric.samples:
            name, labels = sample[0], sample[1]
            if name.endswith("_created") or (metric.type == "summary" and "quantile" in labels):
                continue
            if count == limit:
                left_out += 1
                continue
            count += 1
            names = tuple(labels)
            row = [[str(labels[label])[:LONGEST_VALUE] for label in names], number(sample[2])]
            series.setdefault((name, names), []).append(row)
        if series:
            mode = "max" if metric.type == "info" else modes.get(metric.name, "all")
            groups = [[name, list(names), rows] for (name, names), rows in series.items()]
            families.append([metric.name, TYPES[metric.type], mode, str(metric.documentation)[:LONGEST_VALUE], groups])
    return families, left_out


def number(value):
    """JSON has no words for what is not finite."""
    value = float(value)
    if math.isfinite(value):
        return value
    return "NaN" if value != value else "+Inf" if value > 0 else "-Inf"


def parted(families):
    """The same families in lists that fit into a message each; one with many samples is in several of them."""
    part, count, size = [], 0, 0
    for name, kind, mode, help_text, groups in families:
        for sample, labels, rows in groups:
            taken = []
            part.append([name, kind, mode, help_text, [[sample, labels, taken]]])
            size += len(name) + len(help_text) + len(sample)
            for row in rows:
                taken.append(row)
                count += 1
                size += 20 + sum(len(value) + 4 for value in row[0])
                if count >= PART or size >= PART_SIZE:
                    yield part
                    taken = []
                    part, count, size = [[name, kind, mode, help_text, [[sample, labels, taken]]]], 0, 0
    if part:
        yield part
