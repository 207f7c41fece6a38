"""Takes from a worker process what reading a file does not need: the network, other processes, more memory, time and disk.

Called once at a worker's start, in the worker, before it sees a byte from outside. Linux only; elsewhere the limits of `resource`
hold.
"""

from __future__ import annotations

import os
import resource
import sys

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
CLONE_THREAD = 0x00010000
OPEN_FILES = 256
TASKS = 4096
"""Threads and processes of the whole user: a last bound where the filter below cannot be had."""

DENIED = (
    # The network, and the ways around a filter on socket(2).
    "socket", "socketpair", "connect", "bind", "listen", "accept", "accept4",
    "io_uring_setup", "io_uring_enter", "io_uring_register",
    # Other processes: starting them, their memory, leaving the process group by which the daemon ends a worker.
    "fork", "vfork", "execve", "execveat",
    "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "pidfd_send_signal", "setsid", "setpgid",
    # The kernel's larger surfaces.
    "mount", "umount2", "pivot_root", "chroot", "unshare", "setns", "bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key",
    "request_key", "kexec_load", "init_module", "finit_module", "open_by_handle_at", "personality",
)  # fmt: skip


def confine(*, memory: int, file_size: int, parent: int) -> str:
    """Confine this process for good; return which network cut is in force: "network namespace", "seccomp" or "none".

    `memory` and `file_size` are bytes; `parent` is the process id of the daemon, with which this process dies.
    """
    cut = "none"
    if sys.platform == "linux":
        cut = "network namespace" if _leave_network() else cut
        _die_with(parent)
        if _filter_calls() and cut == "none":
            cut = "seccomp"
    for limit, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, file_size),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, TASKS),
    ):
        _lower(limit, value)
    return cut


def arm_processor_time(seconds: int) -> None:
    """Allow this process `seconds` of processor time from now; past it the kernel ends it by SIGXCPU."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    until = int(usage.ru_utime + usage.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (until if hard == resource.RLIM_INFINITY else min(until, hard), hard))


def _lower(limit: int, value: int) -> None:
    hard = resource.getrlimit(limit)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(limit, (value, value))


def _die_with(parent: int) -> None:
    import ctypes
    import signal

    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # The daemon went before the line above took hold.
        os._exit(1)


def _leave_network() -> bool:
    """Move into a network namespace of our own, which has nothing but a loopback interface that is down."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)


def _filter_calls() -> bool:
    """Have the kernel refuse DENIED with EPERM; return whether it does (libseccomp may be missing)."""
    import errno

    try:
        import pyseccomp

        calls = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
        for name in DENIED:
            try:
                calls.add_rule(pyseccomp.ERRNO(errno.EPERM), name)
            except OSError:  # A call that this kernel or architecture does not have.
                continue
        # Threads are clone(2) with CLONE_THREAD; clone3 hides its flags in memory, and the C library does without it.
        not_a_thread = pyseccomp.Arg(0, pyseccomp.MASKED_EQ, CLONE_THREAD, 0)
        calls.add_rule(pyseccomp.ERRNO(errno.EPERM), "clone", not_a_thread)
        calls.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
        calls.load()
    except Exception:
        return False
    return True
