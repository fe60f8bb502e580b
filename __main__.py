"""The stack: one Redshift warehouse."""

from __future__ import annotations

import re

import pulumi

import network
from redshift_teardown import Cluster

config = pulumi.Config()
stack = pulumi.get_stack()
surroundings = network.of_stack(config)

warehouse = Cluster(
    "warehouse",
    cluster_identifier=config.get("clusterIdentifier")
    or re.sub(r"[^a-z0-9]+", "-", f"warehouse-{stack}".lower()),
    node_type=config.require("nodeType"),
    number_of_nodes=config.require_int("numberOfNodes"),
    database_name="warehouse",
    master_username="warehouse_admin",
    # Redshift makes the password and keeps it in Secrets Manager: it is in no program and in no state.
    manage_master_password=True,
    encrypted=True,
    kms_key_id=surroundings.kms_key,
    cluster_subnet_group_name=surroundings.subnet_group,
    vpc_security_group_ids=surroundings.security_group_ids,
    # A request. What happens at destroy is decided by policy/deletion-policy.yaml, and shown as `on_destroy`.
    skip_final_snapshot=config.require_bool("skipFinalSnapshot"),
    restore_final_snapshot=config.require_bool("restore"),
    tags={"stack": stack, "ephemeral": str(config.require_bool("ephemeral")).lower()},
)

pulumi.export("endpoint", warehouse.endpoint)
pulumi.export("arn", warehouse.arn)
pulumi.export("on_destroy", warehouse.on_destroy)
