"""What an app counts with prometheus_client, as main is told of it. The registries here are stand-ins with the same shape."""

import os
import sys
import threading
import types
import unittest
from collections import namedtuple

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from propylon_worker.app_metrics import AppMetrics, collect, parted  # noqa: E402

Metric = namedtuple("Metric", "name type documentation samples")
Sample = namedtuple("Sample", "name labels value timestamp exemplar")


def metric(name, kind, *samples):
    return Metric(name, kind, "Help.", [Sample(sample, labels, value, None, None) for sample, labels, value in samples])


class Registry:
    def __init__(self, *metrics):
        self.metrics = metrics

    def collect(self):
        return iter(self.metrics)


class Collecting(unittest.TestCase):
    def test_samples_are_grouped_by_name_and_labels(self):
        registry = Registry(metric("jobs", "counter", ("jobs_total", {"kind": "a"}, 1.0), ("jobs_total", {"kind": "b"}, 2.0), ("jobs_created", {"kind": "a"}, 9.0)))
        families, left_out = collect(registry, 100)
        self.assertEqual(families, [["jobs", "counter", "all", "Help.", [["jobs_total", ["kind"], [[["a"], 1.0], [["b"], 2.0]]]]]])
        self.assertEqual(left_out, 0)

    def test_what_is_of_the_process_or_cannot_be_merged_is_left_out(self):
        registry = Registry(
            metric("process_cpu_seconds", "counter", ("process_cpu_seconds_total", {}, 1.0)),
            metric("python_info", "gauge", ("python_info", {}, 1.0)),
            metric("process_orders", "counter", ("process_orders_total", {}, 3.0)),
            metric("sizes", "summary", ("sizes", {"quantile": "0.5"}, 1.0), ("sizes_count", {}, 2.0)),
            metric("odd", "gaugehistogram", ("odd_bucket", {"le": "1"}, 1.0)),
        )
        families, _ = collect(registry, 100)
        self.assertEqual([(family[0], [group[0] for group in family[4]]) for family in families], [("process_orders", ["process_orders_total"]), ("sizes", ["sizes_count"])])

    def test_numbers_that_are_none_in_json_are_words(self):
        registry = Registry(metric("x", "gauge", ("x", {"a": "1"}, float("nan")), ("x", {"a": "2"}, float("inf")), ("x", {"a": "3"}, float("-inf"))))
        families, _ = collect(registry, 100)
        self.assertEqual([row[1] for row in families[0][4][0][2]], ["NaN", "+Inf", "-Inf"])

    def test_there_is_a_limit(self):
        registry = Registry(metric("x", "gauge", *[("x", {"a": str(n)}, n) for n in range(10)]))
        families, left_out = collect(registry, 4)
        self.assertEqual((len(families[0][4][0][2]), left_out), (4, 6))

    def test_the_mode_of_a_gauge_is_told(self):
        registry = Registry(metric("x", "gauge", ("x", {}, 1.0)), metric("shop", "info", ("shop_info", {"kind": "a"}, 1.0)))
        gauge = threading.Event()  # whatever may have attributes and be a key
        gauge._name, gauge._multiprocess_mode = "x", "livesum"
        registry._collector_to_names = {gauge: ["x"]}
        families, _ = collect(registry, 100)
        self.assertEqual([family[2] for family in families], ["livesum", "max"])

    def test_many_samples_are_told_in_parts_that_make_the_whole(self):
        rows = [[["value %d" % n], float(n)] for n in range(2500)]
        parts = list(parted([["x", "gauge", "all", "Help.", [["x", ["a"], rows]]]]))
        self.assertEqual([sum(len(group[2]) for family in part for group in family[4]) for part in parts], [1000, 1000, 500])
        self.assertEqual([row for part in parts for family in part for group in family[4] for row in group[2]], rows)


class Asked(unittest.TestCase):
    def setUp(self):
        self.said = []
        self.heard = threading.Semaphore(0)
        self.addCleanup(sys.modules.pop, "prometheus_client.registry", None)

    def say(self, message):
        self.said.append(message)
        self.heard.release()

    def ask(self, registry, most=100):
        if registry is not None:
            sys.modules["prometheus_client.registry"] = types.SimpleNamespace(REGISTRY=registry)
        AppMetrics(self.say).ask(7, most)
        self.assertTrue(self.heard.acquire(timeout=10))
        return self.said[0]

    def test_an_app_without_prometheus_client_has_nothing_to_tell(self):
        message = self.ask(None)
        self.assertEqual((message["metrics"], message["families"], message["imported"], message["more"]), (7, [], False, False))

    def test_an_app_with_it_tells_its_default_registry(self):
        message = self.ask(Registry(metric("x", "gauge", ("x", {}, 1.0))))
        self.assertEqual(message["families"], [["x", "gauge", "all", "Help.", [["x", [], [[[], 1.0]]]]]])

    def test_a_limit_of_none_does_not_look(self):
        class Never:
            def collect(self):
                raise AssertionError("it was asked")

        message = self.ask(Never(), 0)
        self.assertEqual((message["families"], message["error"]), ([], None))

    def test_a_collector_that_fails_is_told(self):
        class Broken:
            def collect(self):
                raise RuntimeError("no database")

        message = self.ask(Broken())
        self.assertEqual((message["families"], message["error"]), ([], "RuntimeError: no database"))

    def test_a_collector_that_hangs_gets_no_second_thread(self):
        waiting = threading.Event()
        self.addCleanup(waiting.set)
        calls = []
        begun = threading.Event()

        class Hangs:
            def collect(self):
                calls.append(1)
                begun.set()
                waiting.wait(10)
                return []

        sys.modules["prometheus_client.registry"] = types.SimpleNamespace(REGISTRY=Hangs())
        metrics = AppMetrics(self.say)
        metrics.ask(1, 100)
        self.assertTrue(begun.wait(10))
        for number in range(2, 6):
            metrics.ask(number, 100)
        waiting.set()
        self.assertTrue(self.heard.acquire(timeout=10))
        self.assertTrue(self.heard.acquire(timeout=10))
        # The first, and the last of those that came meanwhile.
        self.assertEqual([message["metrics"] for message in self.said], [1, 5])
        self.assertEqual(len(calls), 2)


if __name__ == "__main__":
    unittest.main()
