"""The failover drill: PostgreSQL under Patroni on this machine, and its primary killed under load.

`make failover`, or `python -m tests.failover [--direct]`. It needs Debian's postgresql, etcd-server
and, unless `--direct` lets the server find the primary by itself, haproxy.
"""
