"""Reading a deletion policy from a file or from text."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from redshift_teardown.deletion_policy.problems import PolicyError, Problem
from redshift_teardown.deletion_policy.reading.policy import read_policy
from redshift_teardown.deletion_policy.reading.yaml_document import LARGEST_FILE, read_document

if TYPE_CHECKING:
    from redshift_teardown.deletion_policy.model import Policy

_WHERE_TO_SAY = "the path of a deletion policy, or set redshift-teardown:policyFile to it"


def load(path: str | os.PathLike[str], *, source: str | None = None) -> Policy:
    """Read a deletion policy from a file.

    Args:
        path: The file.
        source: The file as it is displayed; the path as given, if left out.

    Returns:
        The policy.

    Raises:
        PolicyError: The file is missing or cannot be read, or anything in it is wrong; all of it is told.
    """
    shown = os.fspath(path) if source is None else source
    try:
        file = Path(path)
        # Opening a pipe or a device could wait forever.
        if file.exists() and not file.is_file():
            what = "a folder" if file.is_dir() else "no ordinary file"
            raise PolicyError([Problem(shown, 0, 0, f"this is {what}, not a file", _WHERE_TO_SAY)])
        with file.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise PolicyError([Problem(shown, 0, 0, "there is no such file", _WHERE_TO_SAY)]) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PolicyError(
            [Problem(shown, 0, 0, f"the file cannot be read: {reason}", _WHERE_TO_SAY)]
        ) from None
    return loads(content, source=shown)


def loads(text: bytes | str, *, source: str) -> Policy:
    """Read a deletion policy from text.

    Args:
        text: The document; bytes must be UTF-8.
        source: The file as it is displayed.

    Returns:
        The policy.

    Raises:
        PolicyError: Anything is wrong; all of it is told.
    """
    return read_policy(read_document(text, source=source))
