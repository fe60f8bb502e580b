"""What answers of AWS are read with."""

from __future__ import annotations

from datetime import timezone
from typing import Any

import pytest
from botocore.utils import parse_timestamp

from redshift_teardown.aws.session import connect, read_timestamp
from redshift_teardown.emulator import Emulator
from redshift_teardown.settings import Settings


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24T18:13:07.294Z",
        "2026-11-24T18:13:07.294123Z",
        "2026-11-24T18:13:07Z",
        "2026-11-24T18:13:07+02:00",
        "2026-11-24T18:13:07",
        "2026-11-24",
        "20261124T181307Z",
        "Tue, 24 Nov 2026 18:00:00 GMT",
        "1700000000",
        1700000000,
        1700000000.5,
    ],
    ids=repr,
)
def test_timestamps_are_read_as_botocore_reads_them(text: Any) -> None:
    """The quick way gives the moment that botocore's own gives, in any form."""
    read, expected = read_timestamp(text), parse_timestamp(text)

    assert read.isoformat() == expected.isoformat()


def test_what_is_no_timestamp_is_refused() -> None:
    """A damaged answer is not a moment."""
    with pytest.raises(ValueError, match="Invalid timestamp"):
        read_timestamp("yesterday or so")


def test_answers_are_read_the_quick_way() -> None:
    """A hundred clusters are listed many times: their times go through the quick reader."""
    with Emulator() as emulator:
        settings = Settings(access_key="test", secret_key="secret", endpoints=(("redshift", emulator.url),))
        client = connect(settings, "eu-central-1").redshift
        client.create_cluster(
            ClusterIdentifier="quick",
            NodeType="ra3.xlplus",
            NumberOfNodes=2,
            MasterUsername="admin",
            MasterUserPassword="Correct-Horse-1",
        )
        emulator.control.at(region="eu-central-1").advance(3600)

        (cluster,) = client.describe_clusters()["Clusters"]

    # botocore's own reader gives a zone of dateutil's.
    assert cluster["ClusterCreateTime"].tzinfo is timezone.utc
