"""`eval`: measures the parts that decide, on files of labelled examples. Below: `kb`, `core`."""

from __future__ import annotations

import typer

app = typer.Typer(help="Measure triage, routing and knowledge on labelled files.")
