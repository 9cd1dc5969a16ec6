#!/usr/bin/env python3
"""Every series that the dashboards and alert rules name is there: they are read, and compared with
what a relay and `parley metrics` really export."""

import json
import re
import subprocess
import unittest
from pathlib import Path

from metrics_service import MetricsService, read_series

from http_client import request
from nats_server import NatsPeer, NatsServer
from recording import meeting
from relay import ROOT, Relay

DASHBOARDS = sorted((ROOT / "etc/grafana").glob("*.json"))
RULES = ROOT / "etc/prometheus/alerts.yml"
CONFIG = ROOT / "etc/prometheus/prometheus.yml"

PROMETHEUS_OWN = {"up"}  # made by the scrape itself

# A name and what stands in braces behind it; a name before a parenthesis is a function.
SELECTOR = re.compile(r"([a-z_:][a-z0-9_:]*)\s*(\{[^}]*\})?(?!\s*\(|[a-z0-9_:])")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
# Words of the language, and lists of labels.
LABEL_LISTS = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
WORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan"}


def selectors(expression):
    """[(name, [(label, operator, value)])] of an expression in Prometheus's language."""
    expression = LABEL_LISTS.sub(" ", expression)
    expression = re.sub(r"\[[^\]]*\]", " ", expression)
    label_values = re.fullmatch(r"label_values\((.*),\s*\w+\)", expression)
    if label_values:
        expression = label_values.group(1)
    expression = re.sub(r"\b\d[\w.]*", " ", expression)
    return [(name, MATCHER.findall(matchers)) for name, matchers in SELECTOR.findall(expression)
            if name not in WORDS]


def is_met(labels, matcher):
    """Whether a series has what a matcher wants; a variable of the dashboard is met by anything."""
    label, operator, wanted = matcher
    if "$" in wanted or label in ("job", "instance"):
        return True
    value = labels.get(label, "")
    hit = re.fullmatch(wanted, value) is not None if "~" in operator else value == wanted
    return hit != operator.startswith("!")


def dashboard_expressions(path):
    """(where, expression) of each panel and variable."""
    board = json.loads(path.read_text())
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield f"variable {variable['name']}", variable["query"]
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]


def rule_expressions():
    text = RULES.read_text()
    names = re.findall(r"- alert: (\w+)", text)
    expressions = re.findall(r"^ +expr: (.+)$", text, re.M)
    assert len(names) == len(expressions), "each rule has its expression on one line"
    return zip(names, expressions, strict=True)


class WatchersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        nats = NatsServer("max_payload: 8MB")
        cls.addClassCleanup(nats.stop)
        relay = Relay(bus_url=nats.url, webtransport=True, auth_meeting_management="true",
                      store_url="memory:")
        cls.addClassCleanup(relay.stop)
        service = MetricsService(nats.url)
        cls.addClassCleanup(service.stop)
        service.wait_for_value(1, "parley_metrics_bus_connected")
        peer = NatsPeer(nats)
        for where, payload in meeting():
            peer.publish(where, payload)
        peer.flush()
        peer.close()
        service.wait_for_value(2, "parley_metrics_messages_total", kind="health", outcome="taken")
        cls.relay_page = request(relay.ops_port, "/metrics").text
        cls.exported = {}
        for page in (cls.relay_page, service.text()):
            for name, labels in read_series(page):
                cls.exported.setdefault(name, []).append(dict(labels))

    def objections(self, expressions):
        """What is wrong with them, and how many series they name."""
        wrong, named = [], 0
        for where, expression in expressions:
            for name, matchers in selectors(expression):
                named += 1
                if name in PROMETHEUS_OWN:
                    continue
                if name not in self.exported:
                    wrong.append(f"{where}: nobody exports {name}")
                for matcher in matchers:
                    if not any(is_met(labels, matcher) for labels in self.exported.get(name, ())):
                        wrong.append(f"{where}: no {name} is {matcher}")
        return wrong, named

    def test_the_dashboards_name_what_there_is(self):
        self.assertEqual(len(DASHBOARDS), 2)
        for path in DASHBOARDS:
            with self.subTest(path.name):
                wrong, named = self.objections(dashboard_expressions(path))
                self.assertEqual(wrong, [])
                self.assertGreater(named, 30)

    def test_the_alert_rules_name_what_there_is(self):
        wrong, named = self.objections(rule_expressions())
        self.assertEqual(wrong, [])
        self.assertGreater(named, 20)

    def test_the_dashboards_of_meetings_leave_no_series_out(self):
        text = "".join(path.read_text() for path in DASHBOARDS)
        unseen = [name for name in self.exported
                  if name.startswith("videocall_") and not re.search(rf"\b{name}\b", text)]
        self.assertEqual(unseen, [])

    def test_a_series_that_is_not_there_is_noticed(self):
        wrong, _ = self.objections([
            ("a", 'sum by (le) (rate(parley_sessions{instance=~"$instance"}[5m])) > 0'),
            ("b", "histogram_quantile(0.5, rate(parley_queue_age_bucket[5m]))"),
            ("c", 'parley_drops_total{reason="bad_luck"} / on (instance) parley_shards')])
        self.assertEqual(wrong, ["b: nobody exports parley_queue_age_bucket",
                                 "c: no parley_drops_total is ('reason', '=', 'bad_luck')"])

    def test_promtool_accepts_the_relays_page(self):
        done = subprocess.run(["promtool", "check", "metrics"], input=self.relay_page, text=True,
                              capture_output=True)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_promtool_accepts_rules_and_configuration(self):
        for command in (["rules", RULES], ["config", CONFIG]):
            done = subprocess.run(["promtool", "check", *map(str, command)], text=True,
                                  capture_output=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
