"""Redshift and STS: sessions, calls, what they show, and one poller for all that wait."""

from __future__ import annotations
