"""The oldest Pulumi SDK that is supported, installed beside the one that the tests run on."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".pulumi-engine"


def oldest_sdk() -> Path:
    """Return the folder with the oldest SDK, for PYTHONPATH; installed once a clone."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    [oldest] = re.findall(r'"pulumi>=([\d.]+),', text)
    version = oldest if oldest.count(".") == 2 else f"{oldest}.0"
    folder = CACHE / f"sdk-{version}"
    if folder.exists():
        return folder
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as place:
        made = Path(place, "sdk")
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        subprocess.run([*pip, "--no-deps", "--target", str(made), f"pulumi=={version}"], check=True)
        # Another worker of the tests may have been faster: then its folder is the one.
        with suppress(OSError):
            shutil.move(made, folder)
    return folder
