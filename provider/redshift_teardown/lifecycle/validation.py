"""What AWS would refuse about a cluster's arguments, told in ``check``, so in preview.

Pure: all failures at once, each on its property. A value that is not known yet is never judged, nor a node
type of a family that this version does not know.
Sources: the Redshift API reference of CreateCluster and RestoreFromClusterSnapshot (2012-12-01), its list
of reserved words, and the tables of node types in the management guide.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.arguments import ARGUMENTS, MOST_TAGS
from redshift_teardown.aws.node_types import FAMILIES, NODE_TYPES
from redshift_teardown.aws.reserved_words import RESERVED_WORDS
from redshift_teardown.deletion_policy import name_problem
from redshift_teardown.lifecycle.state import UNKNOWN, Misfit, coerce, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


_NODE_TYPE = re.compile(r"[a-z0-9]+\.[a-z0-9]+")
_IDENTIFIER = re.compile(r"[a-z](?!.*--)[a-z0-9-]{0,62}(?<!-)")
_DATABASE = re.compile(r"[a-z_][a-z0-9_$]{0,63}")
_USERNAME = re.compile(r"[a-z][a-z0-9_+.@-]{0,127}")
_DAYS = "(?:sun|mon|tue|wed|thu|fri|sat)"
_TIME = rf"({_DAYS}):([01]\d|2[0-3]):([0-5]\d)"
_WINDOW = re.compile(rf"{_TIME}-{_TIME}")
_WEEK = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_WEEK_MINUTES = 7 * 24 * 60
_SHORTEST_WINDOW_MINUTES = 30
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+", re.ASCII)
_SECURITY_GROUP = re.compile(r"sg-[A-Za-z0-9-]+")
_SNAPSHOT_ARN = re.compile(r"arn:aws[a-z-]*:redshift:[a-z0-9-]+:\d{12}:snapshot:[^/]+/.+")
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_MOST_ROLES = 50
_TAG_PUNCTUATION = frozenset("_.:/=+-@")
_PORTS = range(1150, 65536)
_RA3_PORTS = (range(5431, 5456), range(8191, 8216))
_LONGEST_RETENTION, _LONGEST_AUTOMATED_RETENTION = 3653, 35
_SHORTEST_PASSWORD, _LONGEST_PASSWORD = 8, 64
_FORBIDDEN_IN_PASSWORD = "/@\"'\\ "  # noqa: S105 - an alphabet


@dataclass(frozen=True)
class Failure:
    """One thing AWS would refuse: on which property, and what to write instead."""

    property: str
    reason: str


def validate(
    inputs: Mapping[str, Any],
    *,
    creating: bool = True,
    region: str | None = None,
    default_tags: Mapping[str, str] | None = None,
) -> list[Failure]:
    """Find everything AWS would refuse that can be known.

    Args:
        inputs: A cluster's inputs; unknown values may be in them.
        creating: Whether there is no cluster yet; AWS lets one keep what it would not begin with.
        region: The region it is to live in, where that is known.
        default_tags: The stack's own tags, which every cluster carries besides its own.

    """
    failures: list[Failure] = []
    values: dict[str, Any] = {}
    for argument in ARGUMENTS:
        value = coerce(argument, plain(inputs.get(argument.name)))
        if isinstance(value, Misfit):
            failures.append(Failure(argument.name, value.reason))
        values[argument.name] = UNKNOWN if isinstance(value, Misfit) else value
    values["creating"] = creating and not values.get("adopt_existing")
    values["configured_region"] = region
    values["default_tags"] = dict(default_tags or {})
    for rule in (
        _identifier,
        _nodes,
        _counts,
        _names,
        _window,
        _password,
        _snapshots,
        _retention,
        _network,
        _zones,
        _keys,
        _roles,
        _fixed_values,
        _tags,
    ):
        failures.extend(rule(values))
    return failures


def _text(values: Mapping[str, Any], name: str) -> str | None:
    value = values.get(name)
    return value if isinstance(value, str) else None


def _number(values: Mapping[str, Any], name: str) -> int | None:
    value = values.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _restoring(values: Mapping[str, Any]) -> bool:
    """Whether the cluster is, or may be, restored: most else then comes from the snapshot."""
    return any(
        values.get(name)
        for name in ("snapshot_identifier", "snapshot_arn", "restore_final_snapshot", "adopt_existing")
    )


def _identifier(values: Mapping[str, Any]) -> Iterator[Failure]:
    value = values.get("cluster_identifier")
    if value is None or value == "":
        yield Failure("cluster_identifier", "is missing: give the cluster a name, such as 'warehouse-prod'")
    elif isinstance(value, str) and not _IDENTIFIER.fullmatch(value):
        yield Failure(
            "cluster_identifier",
            f"{value!r} is not a name AWS accepts: 1 to 63 lower-case letters, digits and hyphens, first a "
            "letter, no hyphen at the end and no two in a row",
        )


def _nodes(values: Mapping[str, Any]) -> Iterator[Failure]:
    value = values.get("node_type")
    if value is None or value == "":
        if not _restoring(values):
            yield Failure("node_type", "is missing: name one, such as 'ra3.xlplus'")
    elif isinstance(value, str):
        yield from _node_type(value.lower())


def _counts(values: Mapping[str, Any]) -> Iterator[Failure]:
    count = _number(values, "number_of_nodes")
    if count is not None and count < 1:
        yield Failure("number_of_nodes", f"must be at least 1, not {count}")
        return
    yield from _cluster_type(values, count)
    node_type = (_text(values, "node_type") or "").lower()
    unknown = values.get("number_of_nodes") is UNKNOWN or (count is None and _restoring(values))
    if node_type in NODE_TYPES and not unknown:
        fewest, most = NODE_TYPES[node_type]
        if not fewest <= (count or 1) <= most:
            yield Failure(
                "number_of_nodes",
                f"a cluster of {node_type} has {fewest} to {most} nodes, not {count or 1}",
            )


def _cluster_type(values: Mapping[str, Any], count: int | None) -> Iterator[Failure]:
    cluster_type = _text(values, "cluster_type")
    if cluster_type is None:
        return
    if cluster_type not in {"single-node", "multi-node"}:
        yield Failure("cluster_type", f"must be 'single-node' or 'multi-node', not {cluster_type!r}")
    elif cluster_type == "single-node" and count is not None and count > 1:
        yield Failure("cluster_type", f"'single-node' contradicts number_of_nodes {count}; leave it out")
    elif cluster_type == "multi-node" and values.get("number_of_nodes") in (None, 1):
        yield Failure("number_of_nodes", "must be at least 2 for cluster_type 'multi-node'")


def _node_type(value: str) -> Iterator[Failure]:
    known = ", ".join(NODE_TYPES)
    if not _NODE_TYPE.fullmatch(value):
        yield Failure("node_type", f"{value!r} is not a node type; AWS has {known}")
    elif value.partition(".")[0] in FAMILIES and value not in NODE_TYPES:
        yield Failure("node_type", f"AWS has no node type {value!r}; it has {known}")


def _names(values: Mapping[str, Any]) -> Iterator[Failure]:
    database = _text(values, "database_name")
    new = values["creating"]
    if (
        new
        and database is not None
        and (not _DATABASE.fullmatch(database.lower()) or database.lower() in RESERVED_WORDS)
    ):
        yield Failure(
            "database_name",
            f"{database!r} is not a name AWS accepts: 1 to 64 lower-case letters, digits, _ and $, first a "
            "letter or _, and no reserved word",
        )
    user = values.get("master_username")
    if user is None:
        if not _restoring(values):
            yield Failure("master_username", "is missing: name the admin user, such as 'admin'")
    elif new and isinstance(user, str) and (not _USERNAME.fullmatch(user) or user in RESERVED_WORDS):
        yield Failure(
            "master_username",
            f"{user!r} is not a name AWS accepts: 1 to 128 lower-case letters, digits and _ + . @ -, first a "
            "letter, and no reserved word",
        )
    name = _text(values, "final_snapshot_identifier")
    if name is not None and (problem := name_problem(name)):
        yield Failure("final_snapshot_identifier", f"{name!r}: {problem}")


def _window(values: Mapping[str, Any]) -> Iterator[Failure]:
    window = _text(values, "preferred_maintenance_window")
    if window is None:
        return
    found = _WINDOW.fullmatch(window.lower())
    if not found:
        yield Failure(
            "preferred_maintenance_window",
            f"{window!r} is not of the form ddd:hh:mm-ddd:hh:mm, 'sun:03:00-sun:03:30'",
        )
        return
    day, hour, minute, to_day, to_hour, to_minute = found.groups()
    start = (_WEEK.index(day) * 24 + int(hour)) * 60 + int(minute)
    end = (_WEEK.index(to_day) * 24 + int(to_hour)) * 60 + int(to_minute)
    if (end - start) % _WEEK_MINUTES < _SHORTEST_WINDOW_MINUTES:
        yield Failure("preferred_maintenance_window", f"{window!r} is shorter than 30 minutes")


def _password(values: Mapping[str, Any]) -> Iterator[Failure]:
    managed = values.get("manage_master_password")
    given = [name for name in ("master_password", "master_password_wo") if values.get(name) is not None]
    known = [name for name in given if values[name] is not UNKNOWN]
    if managed is True and known:
        yield Failure("manage_master_password", f"conflicts with {known[0]}: give one of the two")
    elif len(known) > 1:
        yield Failure("master_password_wo", "conflicts with master_password: give one of the two")
    elif managed is not True and managed is not UNKNOWN and not given and not _restoring(values):
        yield Failure(
            "manage_master_password",
            "is not set and there is no password: set it to True (better), or give master_password",
        )
    if _text(values, "master_password_wo") and values.get("master_password_wo_version") is None:
        yield Failure("master_password_wo_version", "is required with master_password_wo")
    for name in given:
        password = _text(values, name)
        if password is not None:
            yield from (Failure(name, reason) for reason in _password_faults(password))


def _password_faults(password: str) -> Iterator[str]:
    if not _SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
        yield f"must have {_SHORTEST_PASSWORD} to {_LONGEST_PASSWORD} characters"
    for form, word in (
        (r"[A-Z]", "an upper-case letter"),
        (r"[a-z]", "a lower-case letter"),
        (r"[0-9]", "a digit"),
    ):
        if not re.search(form, password):
            yield f"must contain {word}"
    if any(not "!" <= character <= "~" or character in _FORBIDDEN_IN_PASSWORD for character in password):
        yield "must hold only printable ASCII, without / @ \" ' \\ and space"


def _snapshots(values: Mapping[str, Any]) -> Iterator[Failure]:
    if _text(values, "snapshot_identifier") and _text(values, "snapshot_arn"):
        yield Failure("snapshot_arn", "conflicts with snapshot_identifier: give one of the two")
    for name in ("snapshot_identifier", "snapshot_arn"):
        if _text(values, name) and values.get("restore_final_snapshot") is True:
            yield Failure("restore_final_snapshot", f"conflicts with {name}: give one of the two")
    arn = _text(values, "snapshot_arn")
    if arn is not None and not _SNAPSHOT_ARN.fullmatch(arn):
        yield Failure(
            "snapshot_arn",
            f"{arn!r} is not a snapshot's ARN, arn:aws:redshift:REGION:ACCOUNT:snapshot:CLUSTER/SNAPSHOT",
        )
    owner = _text(values, "owner_account")
    if owner is not None and not _ACCOUNT.fullmatch(owner):
        yield Failure("owner_account", f"must be an AWS account, 12 digits, not {owner!r}")


def _retention(values: Mapping[str, Any]) -> Iterator[Failure]:
    manual = _number(values, "manual_snapshot_retention_period")
    if manual is not None and manual != -1 and not 1 <= manual <= _LONGEST_RETENTION:
        yield Failure(
            "manual_snapshot_retention_period",
            f"must be -1 (forever) or 1 to {_LONGEST_RETENTION} days, not {manual}",
        )
    automated = _number(values, "automated_snapshot_retention_period")
    if automated is None:
        return
    if not 0 <= automated <= _LONGEST_AUTOMATED_RETENTION:
        yield Failure(
            "automated_snapshot_retention_period",
            f"must be 0 to {_LONGEST_AUTOMATED_RETENTION} days, not {automated}",
        )
    elif automated == 0 and (_text(values, "node_type") or "").lower().startswith(("ra3.", "rg.")):
        yield Failure(
            "automated_snapshot_retention_period",
            f"automated snapshots of {values['node_type']} clusters cannot be turned off: 1 to "
            f"{_LONGEST_AUTOMATED_RETENTION} days",
        )


def _network(values: Mapping[str, Any]) -> Iterator[Failure]:
    port = _number(values, "port")
    ra3 = (_text(values, "node_type") or "").lower().startswith(("ra3.", "rg."))
    if port is not None and port not in _PORTS:
        yield Failure("port", f"must be {_PORTS.start} to {_PORTS.stop - 1}, not {port}")
    elif port is not None and ra3 and not any(port in allowed for allowed in _RA3_PORTS):
        yield Failure("port", f"must be 5431-5455 or 8191-8215 for {values['node_type']}, not {port}")
    if _text(values, "elastic_ip") and values.get("publicly_accessible") in (None, False):
        yield Failure("elastic_ip", "needs publicly_accessible=True")
    for group in _texts(values, "vpc_security_group_ids"):
        if not _SECURITY_GROUP.fullmatch(group):
            yield Failure(
                "vpc_security_group_ids", f"{group!r} is not a security group's id, such as 'sg-0a1b2c3d'"
            )


def _zones(values: Mapping[str, Any]) -> Iterator[Failure]:
    zone = _text(values, "availability_zone")
    region = values.get("region") or values["configured_region"]
    if zone is not None and isinstance(region, str) and not zone.lower().startswith(region):
        yield Failure("availability_zone", f"{zone!r} is not in region {region}")
    node_type = (_text(values, "node_type") or "").lower()
    relocation = values.get("availability_zone_relocation_enabled") is True
    if relocation and node_type.startswith("dc2."):
        yield Failure("availability_zone_relocation_enabled", f"needs RA3 nodes, not {node_type}")
    if values.get("multi_az") is not True:
        return
    if relocation:
        yield Failure("multi_az", "conflicts with availability_zone_relocation_enabled: give one of the two")
    if node_type.startswith("dc2."):
        yield Failure("multi_az", f"needs RA3 nodes, not {node_type}")
    count = values.get("number_of_nodes")
    if count == 1 or (count is None and not _restoring(values)):
        yield Failure("multi_az", "needs number_of_nodes to be at least 2")


def _texts(values: Mapping[str, Any], name: str) -> list[str]:
    value = values.get(name)
    return value if isinstance(value, list) else []


def _keys(values: Mapping[str, Any]) -> Iterator[Failure]:
    if _text(values, "kms_key_id") and values.get("encrypted") == "false":
        yield Failure("kms_key_id", "needs encrypted to be true")
    if values.get("multi_az") is True and values.get("encrypted") == "false":
        yield Failure("multi_az", "needs encrypted to be true")
    if (
        _text(values, "master_password_secret_kms_key_id")
        and values.get("manage_master_password") in (None, False)
        and not _restoring(values)
    ):
        yield Failure("master_password_secret_kms_key_id", "needs manage_master_password=True")


def _roles(values: Mapping[str, Any]) -> Iterator[Failure]:
    roles = _texts(values, "iam_roles")
    if len(set(roles)) > _MOST_ROLES:
        yield Failure("iam_roles", f"AWS allows {_MOST_ROLES} roles, not {len(set(roles))}")
    for role in roles:
        if not _ROLE.fullmatch(role):
            yield Failure("iam_roles", f"{role!r} is not a role's ARN, arn:aws:iam::ACCOUNT:role/NAME")
    default = _text(values, "default_iam_role_arn")
    if default is None:
        return
    given = values.get("iam_roles")
    if isinstance(given, list) and default not in given:
        yield Failure("default_iam_role_arn", f"{default!r} must be one of iam_roles")
    elif given is None and values["creating"]:
        # Later, somebody else may have given the cluster its roles.
        yield Failure("default_iam_role_arn", "needs iam_roles, and to be one of them")


def _fixed_values(values: Mapping[str, Any]) -> Iterator[Failure]:
    version = _text(values, "cluster_version")
    if version not in (None, "1.0"):
        yield Failure("cluster_version", f"must be '1.0', the only one AWS has, not {version!r}")
    aqua = _text(values, "aqua_configuration_status")
    if aqua not in (None, "auto", "enabled", "disabled"):
        yield Failure("aqua_configuration_status", f"must be 'auto', 'enabled' or 'disabled', not {aqua!r}")


def _tags(values: Mapping[str, Any]) -> Iterator[Failure]:
    tags = values.get("tags")
    if tags is UNKNOWN:
        return
    together = {**values["default_tags"], **(tags or {})}
    if len(together) >= MOST_TAGS:
        yield Failure(
            "tags", f"{MOST_TAGS - 1} tags are allowed, aws:defaultTags included, not {len(together)}"
        )
    for key, value in together.items():
        if not isinstance(value, str):
            continue
        if not 1 <= len(key) <= 128 or len(value) > 256:  # noqa: PLR2004 - AWS's limits
            yield Failure("tags", f"{key!r}: a key has 1 to 128 characters, a value at most 256")
        elif key.lower().startswith("aws:"):
            yield Failure("tags", f"{key!r}: keys that begin with aws: are AWS's own")
        elif key.startswith("redshift-teardown:"):
            yield Failure("tags", f"{key!r}: keys that begin with redshift-teardown: are this package's own")
        elif any(c not in _TAG_PUNCTUATION and unicodedata.category(c)[0] not in "LNZ" for c in key + value):
            yield Failure("tags", f"{key!r}: AWS allows letters, digits, spaces and _ . : / = + - @")
