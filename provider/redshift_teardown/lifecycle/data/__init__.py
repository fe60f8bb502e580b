"""What data a new cluster begins with, and what a replacement would do to the data of the old one."""

from __future__ import annotations
