"""What AWS refuses before it does anything: names, passwords, nodes, ports, periods, tags.

Rules are those of the service model's own documentation (API version 2012-12-01); strings in quotes of AWS
where a public report quotes them.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

from redshift_teardown.emulator.errors import AwsError, combination, invalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "DAYS",
    "NODE_TYPES",
    "automated_retention",
    "cluster_identifier",
    "database_name",
    "iam_roles",
    "identifier",
    "maintenance_window",
    "manual_retention",
    "master_username",
    "max_records",
    "new_tags",
    "nodes",
    "password",
    "port",
    "security_groups",
]

_IDENTIFIER = re.compile(r"[a-z](?!.*--)[a-z0-9-]*(?<!-)\Z")
_DATABASE = re.compile(r"[a-z_][a-z0-9_$]{0,63}\Z")
_USER = re.compile(r"[a-z][a-z0-9_+.@-]{0,127}\Z")
_WINDOW = re.compile(
    r"(mon|tue|wed|thu|fri|sat|sun):([01]\d|2[0-3]):([0-5]\d)"
    r"-(mon|tue|wed|thu|fri|sat|sun):([01]\d|2[0-3]):([0-5]\d)\Z"
)
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+\Z")
_GROUP = re.compile(r"sg-[A-Za-z0-9-]+\Z")
_RESERVED_WORDS = (
    "all analyse analyze and any array as asc authorization between binary both case cast check collate "
    "column constraint create cross default deferrable delta desc disable distinct do else enable encode "
    "encrypt encryption end except explicit false for foreign freeze from full grant group having ignore "
    "ilike in initially inner intersect into is isnull join leading left like limit localtime minus natural "
    "new not notnull null nulls off offline offset old on only open or order outer overlaps parallel "
    "partition percent permissions placing primary public references respect restore right select similar "
    "snapshot some sysdate system table tag tdes then timestamp to top trailing true truncatecolumns union "
    "unique user using verbose wallet when where with without"
)
_RESERVED = frozenset(_RESERVED_WORDS.split())
_PASSWORD_FORBIDDEN = frozenset("/@\"' \\")
_PASSWORD_LENGTH = (8, 64)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEK_MINUTES = 7 * 24 * 60
_SHORTEST_WINDOW = 30
_FOREVER = -1
_LONGEST_MANUAL = 3653
_LONGEST_AUTOMATED = 35
_MOST_ROLES = 50
_MOST_TAGS = 50
_TAG_KEY = 128
_TAG_VALUE = 256
_TAG_PUNCTUATION = frozenset("_.:/=+-@")
_FEWEST_OF_MANY = 2


class NodeType(NamedTuple):
    """How many nodes of a type a cluster may have, and whether a single one will do."""

    single: bool
    fewest: int
    most: int

    def __str__(self) -> str:
        return f"{'1 or ' if self.single else ''}{self.fewest} to {self.most}"


# The management guide's tables; for the rg types, which those tables leave out, the API's own limit.
NODE_TYPES: Mapping[str, NodeType] = {
    "dc2.large": NodeType(single=True, fewest=2, most=32),
    "dc2.8xlarge": NodeType(single=False, fewest=2, most=128),
    "ra3.large": NodeType(single=True, fewest=2, most=16),
    "ra3.xlplus": NodeType(single=True, fewest=2, most=32),
    "ra3.4xlarge": NodeType(single=False, fewest=2, most=128),
    "ra3.16xlarge": NodeType(single=False, fewest=2, most=128),
    "rg.large": NodeType(single=True, fewest=2, most=100),
    "rg.xlarge": NodeType(single=False, fewest=2, most=100),
    "rg.4xlarge": NodeType(single=False, fewest=2, most=100),
    "rg.12xlarge": NodeType(single=False, fewest=2, most=100),
}


def identifier(text: str, parameter: str, longest: int = 255) -> str:
    """The identifier of something new, lower-cased as AWS stores it: it is not case-sensitive."""
    lowered = text.lower()
    if not _IDENTIFIER.match(lowered) or len(lowered) > longest:
        raise invalid(
            f"The parameter {parameter} is not a valid identifier: {text!r}. Identifiers must begin with a "
            f"letter; must contain only ASCII letters, digits, and hyphens; must be at most {longest} "
            "characters; and must not end with a hyphen or contain two consecutive hyphens."
        )
    return lowered


def cluster_identifier(text: str) -> str:
    """A new cluster's identifier."""
    return identifier(text, "ClusterIdentifier", 63)


def database_name(text: str) -> str:
    """The first database's name, lower-cased."""
    return _unreserved(
        text.lower(),
        "DBName",
        _DATABASE,
        "1 to 64 alphanumeric characters, begin with a letter or underscore",
    )


def master_username(text: str) -> str:
    """The admin user's name."""
    form = (
        "1 to 128 lowercase letters, numbers, underscores, plus signs, periods, at signs or hyphens, begin "
        "with a letter"
    )
    return _unreserved(text, "MasterUsername", _USER, form)


def _unreserved(text: str, parameter: str, pattern: re.Pattern[str], form: str) -> str:
    if not pattern.match(text) or text in _RESERVED:
        raise invalid(
            f"The parameter {parameter} is not valid: {text!r}. It must be {form} and be no reserved word."
        )
    return text


def password(text: str) -> None:
    """The admin user's password. It is never repeated in a message."""
    shortest, longest = _PASSWORD_LENGTH
    complaint = ""
    if not shortest <= len(text) <= longest:
        complaint = f"must be between {shortest} and {longest} characters"
    elif not any(each.isupper() for each in text):
        complaint = "must contain at least one uppercase letter"
    elif not any(each.islower() for each in text):
        complaint = "must contain at least one lowercase letter"
    elif not any(each.isdigit() for each in text):
        complaint = "must contain at least one number"
    elif any(each in _PASSWORD_FORBIDDEN or not "!" <= each <= "~" for each in text):
        complaint = (
            "can be any printable ASCII character except ' (single quote), \" (double quote), \\, /, or @"
        )
    if complaint:
        raise invalid(f"The parameter MasterUserPassword is not a valid password: it {complaint}.")


def node_type(text: str) -> NodeType:
    """What is known of a node type."""
    known = NODE_TYPES.get(text)
    if known is None:
        raise invalid(f"Invalid node type: {text}")
    return known


def managed_storage(node: str) -> bool:
    """Whether it is an RA3 or RG type, for which AWS has some rules of their own."""
    return node.startswith(("ra3.", "rg."))


def nodes(node: str, cluster_type: str | None, count: int | None, *, creating: bool) -> int:
    """How many nodes a cluster is to have.

    Args:
        node: the node type.
        cluster_type: ``single-node`` or ``multi-node``; AWS's default is the latter.
        count: NumberOfNodes as sent.
        creating: CreateCluster refuses a count for a single node, ModifyCluster overrides it in silence.
    """
    known = node_type(node)
    kind = cluster_type or "multi-node"
    if kind not in ("multi-node", "single-node"):
        raise invalid("Invalid cluster type. Cluster type can be one of multi-node or single-node")
    if kind == "single-node":
        if creating and count is not None:
            raise invalid("Number of nodes must be not be supplied for cluster type single-node.")
        if not known.single:
            raise combination(
                f"The node type {node} does not support the cluster type single-node.",
            )
        return 1
    if count is None or count < _FEWEST_OF_MANY:
        raise combination(
            "Number of nodes for cluster type multi-node must be greater than or equal to 2",
        )
    if count > known.most:
        raise AwsError(
            "NumberOfNodesPerClusterLimitExceeded",
            f"The number of nodes {count} exceeds the limit for {node}: {known}.",
        )
    return count


def port(number: int, node: str) -> int:
    """The port a cluster listens on."""
    allowed = (range(5431, 5456), range(8191, 8216)) if managed_storage(node) else (range(1150, 65536),)
    if not any(number in each for each in allowed):
        told = " or ".join(f"{each.start}-{each.stop - 1}" for each in allowed)
        raise invalid(f"The port {number} is not valid for {node}: select a port within {told}.")
    return number


def automated_retention(days: int, node: str) -> int:
    """Days that automated snapshots are kept."""
    if not 0 <= days <= _LONGEST_AUTOMATED:
        raise invalid(f"Invalid automated snapshot retention period: {days}. It must be from 0 to 35.")
    if days == 0 and managed_storage(node):
        raise invalid(
            f"Automated snapshots cannot be disabled for {node}: set AutomatedSnapshotRetentionPeriod "
            "from 1 to 35."
        )
    return days


def manual_retention(days: int, parameter: str) -> int:
    """Days that a manual snapshot is kept, -1 forever.

    Raises:
        AwsError: ``InvalidRetentionPeriodFault``, for 0 and for anything over 3653 too.
    """
    if days != _FOREVER and not 1 <= days <= _LONGEST_MANUAL:
        raise AwsError(
            "InvalidRetentionPeriodFault",
            f"{parameter} must be either -1 or an integer between 1 and 3,653, not {days}.",
        )
    return days


def maintenance_window(text: str) -> str:
    """The weekly window, lower-cased as AWS stores it."""
    lowered = text.lower()
    found = _WINDOW.match(lowered)
    if not found:
        raise invalid(f"Invalid maintenance window: {text!r}. The format is ddd:hh24:mi-ddd:hh24:mi.")
    day, hour, minute, to_day, to_hour, to_minute = found.groups()
    start = (DAYS.index(day) * 24 + int(hour)) * 60 + int(minute)
    end = (DAYS.index(to_day) * 24 + int(to_hour)) * 60 + int(to_minute)
    if (end - start) % _WEEK_MINUTES < _SHORTEST_WINDOW:
        raise invalid(f"The maintenance window {text!r} must be at least 30 minutes.")
    return lowered


def iam_roles(arns: Sequence[str]) -> None:
    """ARNs of roles."""
    if len(arns) > _MOST_ROLES:
        raise invalid(f"A cluster can have at most {_MOST_ROLES} IAM roles.")
    for arn in arns:
        if not _ROLE.match(arn):
            raise invalid(f"The IAM role ARN {arn!r} is not valid.")


def security_groups(ids: Sequence[str]) -> list[str]:
    """Ids of VPC security groups; whether they exist is EC2's business."""
    for each in ids:
        if not _GROUP.match(each):
            raise invalid(f"Invalid VPC security group id: {each!r}.")
    return list(dict.fromkeys(ids))


def max_records(count: int | None) -> int:
    """The size of a page."""
    smallest, largest = 20, 100
    if count is None:
        return largest
    if not smallest <= count <= largest:
        raise invalid(f"Invalid value {count} for MaxRecords. Must be between 20 and 100.")
    return count


def _allowed_in_tags(letter: str) -> bool:
    return letter in _TAG_PUNCTUATION or unicodedata.category(letter)[0] in "LNZ"


def new_tags(present: Mapping[str, str], tags: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The tags a resource has once these are added.

    Raises:
        AwsError: ``InvalidTagFault`` or ``TagLimitExceededFault``.
    """
    added: dict[str, str] = {}
    for tag in tags:
        key, value = str(tag.get("Key", "")), str(tag.get("Value", ""))
        if not 1 <= len(key) <= _TAG_KEY:
            raise AwsError("InvalidTagFault", f"A tag key must be 1 to 128 characters long: {key!r}.")
        if len(value) > _TAG_VALUE:
            raise AwsError("InvalidTagFault", f"The value of the tag {key!r} is longer than 256 characters.")
        if key.lower().startswith("aws:"):
            raise AwsError("InvalidTagFault", f"The prefix aws: is reserved: {key!r}.")
        for name, text in (("key", key), ("value", value)):
            wrong = next((letter for letter in text if not _allowed_in_tags(letter)), None)
            if wrong is not None:
                raise AwsError(
                    "InvalidTagFault",
                    f"The tag {name} {text!r} holds {wrong!r}; tags may hold Unicode letters, digits, "
                    "spaces and _ . : / = + - @",
                )
        if key in added:
            raise AwsError("InvalidTagFault", f"The tag key {key!r} is given more than once.")
        added[key] = value
    united = {**present, **added}
    if len(united) > _MOST_TAGS:
        raise AwsError("TagLimitExceededFault", "You have exceeded the number of tags allowed: 50.")
    return united
