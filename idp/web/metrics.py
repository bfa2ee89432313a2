"""Prometheus metrics of one process.

Always true: a label is a route, a status or an outcome of ours, never anything from a person or a client.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """Requests by route and status, and how long they took; captchas by what became of them; steps of activations."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        self._requests = Counter("idp_requests", "Requests", ["route", "status"], registry=self._registry)
        self._seconds = Histogram(
            "idp_request_seconds", "Time to answer", ["route"], buckets=_BUCKETS, registry=self._registry
        )
        self._found = cache(self._find)
        self._captchas = Counter("idp_captchas", "Captcha challenges", ["outcome"], registry=self._registry)
        self._activations = Counter(
            "idp_activations", "Steps reached by people whose old account waits", ["step"], registry=self._registry
        )

    def count_activation(self, step: str) -> None:
        """``step``: begun, face_passed, found_…, phone_on_file, phone_new, activated."""
        self._activations.labels(step).inc()

    def count_captcha(self, outcome: str) -> None:
        """``outcome``: `idp.captcha.rules.Outcome`."""
        self._captchas.labels(outcome).inc()

    def watch(self, name: str, about: str, value: Callable[[], float]) -> None:
        """A gauge that is asked for its ``value`` whenever the page is read."""
        Gauge(name, about, registry=self._registry).set_function(value)

    def watch_each(self, name: str, about: str, label: str, values: Callable[[], Mapping[str, float]]) -> None:
        """Like `watch`, of several: ``values`` by what stands in ``label``."""
        self._registry.register(_Each(name, about, label, values))

    def observe(self, route: str, status: int, seconds: float) -> None:
        requests, histogram = self._found(route, status)
        requests.inc()
        histogram.observe(seconds)

    def _find(self, route: str, status: int) -> tuple[Counter, Histogram]:
        """The series of a route and a status, of which there are few; finding them costs more than counting."""
        return self._requests.labels(route, str(status)), self._seconds.labels(route)

    def page(self) -> bytes:
        return generate_latest(self._registry)


class _Each(Collector):
    def __init__(self, name: str, about: str, label: str, values: Callable[[], Mapping[str, float]]) -> None:
        self._told, self._label, self._values = (name, about), label, values

    def describe(self) -> list[GaugeMetricFamily]:
        return [GaugeMetricFamily(*self._told, labels=[self._label])]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily(*self._told, labels=[self._label])
        for key, value in self._values().items():
            family.add_metric([key], value)
        yield family


def init_metrics(app: Flask, metrics: Metrics) -> None:
    """Observe every Flask route by its rule; requests no rule matches count as ``unmatched``."""

    @app.before_request
    def begin() -> None:
        g.tb_began = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "unmatched"
        metrics.observe(route, response.status_code, time.perf_counter() - g.get("tb_began", time.perf_counter()))
        return response
