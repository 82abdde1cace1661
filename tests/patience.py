"""How long the tests wait for what has to come: only what never comes takes so long, however slow the machine."""

PATIENCE = 120.0
"""Seconds."""
