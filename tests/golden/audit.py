#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes tests/golden/audit/*.jsonl: what both ends tell of one session, and of a second one beside it.
	tests/golden/audit.py	(run it in the top folder; then JVPN_GOLDEN_WRITE=1 tests/unit/unit_audit
	writes what is drawn of them, to be looked at before it is committed)
"""
import importlib.machinery
import importlib.util
import json
import pathlib

loader = importlib.machinery.SourceFileLoader("mutate_events", "tests/lib/mutate-events")
spec = importlib.util.spec_from_loader("mutate_events", loader)
mutate = importlib.util.module_from_spec(spec)
loader.exec_module(mutate)
OTHER = "5f0c" + "a1" * 14


def put(stream, t, kind, severity="warning", sid=mutate.SID, **members):
    stream.emit(t, kind, sid, severity=severity, **members)


def server():
    s = mutate.Stream("server")
    s.start(0)
    s.birth(100, "eth0#1")
    s.events[-3]["user"] = "alice"
    s.emit(150, "TransportCandidateAdded", transport="wlan0#2", peer="203.0.114.1:20013", reason_code="transport_attached")
    put(s, 3000, "SecurityReplayDetected", reason_code="replay_detected", transport="eth0#1", count=2, peer="203.0.113.66:5")
    put(s, 3100, "SecurityValidationFailed", reason_code="bad_proof", transport="eth0#1")
    s.commit(5000, "eth0#1", "eth0#3", "ATTACHED", "path_change_observed", "path_change_recovery")
    put(s, 5400, "ReattachResult", "info", reason_code="cooldown_active", transport="eth0#3", retry_after_ms=1100)
    put(s, 5400, "TransportSwitchDenied", reason_code="cooldown_active", transport="eth0#3")
    put(s, 6000, "RateLimited", "notice", reason_code="unconfirmed_limited", count=17)
    s.commit(12300, "eth0#3", "wlan0#2", "ATTACHED", "peer_reattach", "dead_transport_recovery")
    s.go(20000, "ATTACHED", "VOLATILE", "instability", "transport_dead")
    s.go(24000, "VOLATILE", "DEGRADED", "degrade", "no_candidate_transports")
    s.pid = 200
    s.start(25000)
    s.emit(25000, "SessionRestored", reason_code="node_restart", **{"from": "DEGRADED", "to": "DEGRADED"})
    s.commit(26000, "wlan0#2", "eth0#4", "DEGRADED", "node_restart", "dead_transport_recovery")
    # another session, short and ended by its limit of time without a transport
    version, s.version = s.version, 1
    s.emit(27000, "SessionCreated", OTHER, inner_ipv4="10.77.0.9", user="bob")
    s.emit(27000, "SessionStateChange", OTHER, state_version=2, fsm_event="attach_ok", reason_code="attached_to_transport",
           **{"from": "BIRTH", "to": "ATTACHED"})
    s.emit(27000, "TransportAttached", OTHER, state_version=2, transport="lte#1", reason_code="attached_to_transport")
    s.version = version
    s.seq += 3
    put(s, 28000, "TelemetryDegraded", sid=None, reason_code="sink_slow", count=3)
    s.emit(29000, "SessionStateChange", OTHER, state_version=3, fsm_event="instability", reason_code="transport_dead",
           **{"from": "ATTACHED", "to": "VOLATILE"})
    s.go(30000, "ATTACHED", "VOLATILE", "instability", "transport_dead")
    s.go(34000, "VOLATILE", "DEGRADED", "degrade", "no_candidate_transports")
    s.emit(44000, "SessionStateChange", OTHER, state_version=4, fsm_event="terminate", reason_code="transport_ttl_exceeded",
           **{"from": "VOLATILE", "to": "TERMINATED"})
    s.emit(44000, "SessionTerminated", OTHER, state_version=4, reason_code="transport_ttl_exceeded", session_age_ms=17000,
           transportless_age_ms=15000, total_switches=0, tx_packets=1, tx_bytes=100, rx_packets=1, rx_bytes=100)
    s.end(45000, "DEGRADED", "transport_ttl_exceeded", 44900, 15000)
    s.emit(46000, "NodeStopped", None)
    return s.events


def client():
    s = mutate.Stream("client")
    s.start(40)
    s.birth(110, "eth0#1")
    s.emit(160, "TransportCandidateAdded", transport="wlan0", reason_code="transport_attached")
    s.go(4980, "ATTACHED", "VOLATILE", "instability", "path_change_observed")
    s.go(4980, "VOLATILE", "RECOVERING", "switch_start", "path_change_recovery")
    s.commit(5010, "eth0#1", "eth0#3", "RECOVERING", "path_change_observed", "")
    s.go(8000, "ATTACHED", "VOLATILE", "instability", "loss_threshold_exceeded")
    s.go(8300, "VOLATILE", "RECOVERING", "switch_start", "health_recovered")
    s.commit(8330, "eth0#3", "eth0#3", "RECOVERING", "", "")
    s.go(12120, "ATTACHED", "VOLATILE", "instability", "transport_dead")
    s.go(12120, "VOLATILE", "RECOVERING", "switch_start", "dead_transport_recovery")
    s.commit(12310, "eth0#3", "wlan0#2", "RECOVERING", "transport_dead", "")
    s.go(20010, "ATTACHED", "VOLATILE", "instability", "transport_dead")
    s.go(24010, "VOLATILE", "DEGRADED", "degrade", "no_candidate_transports")
    s.commit(26010, "wlan0#2", "eth0#4", "DEGRADED", "transport_dead", "dead_transport_recovery")
    s.go(30010, "ATTACHED", "VOLATILE", "instability", "transport_dead")
    s.go(34010, "VOLATILE", "DEGRADED", "degrade", "no_candidate_transports")
    s.end(45010, "DEGRADED", "transport_ttl_exceeded", 44900, 15000)
    return s.events


folder = pathlib.Path("tests/golden/audit")
folder.mkdir(exist_ok=True)
for name, events in (("server", server()), ("client", client())):
    (folder / f"{name}.jsonl").write_text(
        "".join(json.dumps(e, separators=(",", ":")) + "\n" for e in events), encoding="ascii")
