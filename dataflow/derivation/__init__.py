"""Derivatives on symbols: both sweeps recorded on a tape, and what they record written down as a graph."""

from __future__ import annotations
