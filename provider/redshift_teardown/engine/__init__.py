"""The touches of Pulumi that its SDK does not document, each in one module; and what the engine says."""

from __future__ import annotations
