"""A policy's `receipts` that names a file: preview and `up` refuse it, and no destroy fails for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.parity.bench import Invalid
from tests.teardown.stage import PROTECTED

if TYPE_CHECKING:
    from tests.parity.bench import Bench

NAMES = pytest.mark.parametrize("name", ["notes.txt", "notes.txt/receipts", "gone.txt"])


def point_at(stack: Bench, name: str) -> None:
    """Have the policy name a folder that cannot be one: a file, one inside a file, a dangling link."""
    (stack.folder / "notes.txt").write_text("mine", encoding="utf-8")
    (stack.folder / "gone.txt").unlink(missing_ok=True)
    (stack.folder / "gone.txt").symlink_to("nowhere-at-all")
    stack.write_policy(stack.rules(PROTECTED).replace("receipts: receipts", f"receipts: {name}"))


@NAMES
def test_preview_refuses_it(stack: Bench, name: str) -> None:
    """A new cluster and a living one: the file is named, and what to write instead."""
    point_at(stack, name)
    with pytest.raises(Invalid, match=r"receipts must name a folder, and (notes|gone)\.txt is none"):
        stack.preview()

    stack.write_policy(stack.rules(PROTECTED))
    stack.apply()
    point_at(stack, name)
    with pytest.raises(Invalid, match=r"receipts must name a folder"):
        stack.preview(skip_final_snapshot=True)


@NAMES
def test_destroy_goes_on_and_says_so(stack: Bench, name: str) -> None:
    """The final snapshot is taken, the file is as it was, and the warning names it."""
    stack.apply()
    point_at(stack, name)

    destroyed = stack.destroy()

    assert destroyed.how == "done", destroyed.said
    assert stack.proofs()
    assert [text for text in destroyed.warned if "the receipt cannot be written" in text and name in text]
    assert (stack.folder / "notes.txt").read_text("utf-8") == "mine"
