"""The configuration of the embedded PostgreSQL, computed for the machine it starts on."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

LOCAL_HOST = "127.0.0.1"

ACCESS = f"""\
# Written at every start. The socket's folder lets only its owner in, so anyone who reaches the socket is trusted.
local all all trust
host all all {LOCAL_HOST}/32 scram-sha-256
"""


def settings(socket_folder: Path, port: int, tcp: bool) -> str:
    """Return the server's configuration for this machine, with a reason for each setting.

    Args:
        socket_folder: Folder of the Unix socket.
        port: Port on 127.0.0.1; it also names the socket.
        tcp: Whether to listen on 127.0.0.1 at all.
    """
    memory, cores = _memory_megabytes(), os.cpu_count() or 1
    quoted = str(socket_folder).replace("\\", "\\\\").replace("'", "''").replace('"', '""')
    return f"""\
# Written at every start. For settings of your own use ALTER SYSTEM, which overrides this file.

listen_addresses = '{LOCAL_HOST if tcp else ""}'    # only programs of this machine, and only when asked
port = {port}    # names the socket too
unix_socket_directories = '"{quoted}"'    # a folder that only its owner can enter
unix_socket_permissions = 0700    # a second protection

shared_buffers = {max(16, min(memory // 4, 2048))}MB    # a quarter of the memory; above 2 GB loads gain nothing
effective_cache_size = {max(32, memory * 5 // 8)}MB    # the operating system caches the rest; plans should know
work_mem = {max(4, min(memory // 64, 64))}MB    # the marts sort and hash a lot, over few connections
maintenance_work_mem = {max(16, min(memory // 16, 512))}MB    # one index build at a time
dynamic_shared_memory_type = {_shared_memory_type()}    # containers often have only 64 MB of the usual kind
max_worker_processes = {max(8, cores)}    # room for parallel queries next to PostgreSQL's own workers
max_parallel_workers = {cores}    # no more than there are cores
max_parallel_workers_per_gather = {cores}    # few queries run at a time, so each may have every core

wal_level = minimal    # no replica reads the log: a table filled where it is created is not logged row by row
max_wal_senders = 0    # required by wal_level minimal
max_wal_size = 4GB    # a large load should not be stopped by checkpoints
checkpoint_timeout = 15min    # likewise
checkpoint_completion_target = 0.9    # spread the writing, the machine has other work
log_checkpoints = off    # keeps the log to what needs reading
log_error_verbosity = terse    # details and context of an error quote values of rows

client_connection_check_interval = 1s    # a query ends with its client, however that ended
jit = off    # compiling costs these queries more than it saves
lc_messages = 'C'    # English, so that errors can be searched for
timezone = 'UTC'    # the same data gives the same marts on any machine
log_timezone = 'UTC'    # likewise for the log
"""


def _memory_megabytes() -> int:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    # A container sees the memory of its host; this is its own limit.
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):
            memory = min(memory, int(Path(limit).read_text()))
    return memory // 2**20


def _shared_memory_type() -> str:
    with suppress(OSError):
        usual = os.statvfs("/dev/shm")  # noqa: S108 (read, not written)
        if usual.f_blocks * usual.f_frsize < 2**30:
            return "sysv"
    return "posix"
