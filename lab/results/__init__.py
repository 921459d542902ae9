"""One record per run; terminal, JSON, JUnit, page and history are views of it."""

from lab.results.files import load_result, read_result, save_result
from lab.results.fingerprint import bundle_sha256
from lab.results.judge import judge
from lab.results.records import (
    SCHEMA_VERSION,
    DriverIdentity,
    Glitch,
    Histogram,
    HostFitness,
    Measurement,
    Result,
    Verdict,
)

__all__ = [
    "SCHEMA_VERSION",
    "DriverIdentity",
    "Glitch",
    "Histogram",
    "HostFitness",
    "Measurement",
    "Result",
    "Verdict",
    "bundle_sha256",
    "judge",
    "load_result",
    "read_result",
    "save_result",
]
