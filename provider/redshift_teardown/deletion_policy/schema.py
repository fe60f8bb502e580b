"""The JSON Schema of the deletion policy, for editors and for the command line."""

from __future__ import annotations

from importlib.resources import files


def schema_text() -> str:
    """Return the JSON Schema (draft 7, which editors know best) that lies beside the code."""
    return files("redshift_teardown.deletion_policy").joinpath("schema.json").read_text(encoding="utf-8")
