"""What ``ClusterProvider`` does, one verb a module."""
