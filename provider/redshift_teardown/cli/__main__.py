"""`python -m redshift_teardown.cli`."""

from __future__ import annotations

from redshift_teardown.cli import main

if __name__ == "__main__":
    main()
