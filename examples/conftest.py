"""Lets the examples' stages run on PostgreSQL too: ``pytest --stage-on postgres``."""

from tests.conftest import _stage_on, postgres, postgres_databases  # noqa: TID251

__all__ = ["_stage_on", "postgres", "postgres_databases"]
