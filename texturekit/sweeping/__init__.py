"""Many trainings with other settings, and what they teach: validation images choose, no others."""

from __future__ import annotations

from texturekit.sweeping.planning import Plan, plan_sweep
from texturekit.sweeping.running import run_sweep, sweep

__all__ = ["Plan", "plan_sweep", "run_sweep", "sweep"]
