"""Begins a program in the namespaces of a running container: ``enter.py PID PIDFD UID GID GROUPS COMMAND…``.

PID is the container's main process and PIDFD, a descriptor for it, says that PID still is that process. The program gets the
container's user, no capabilities and no way to any, as the container itself; its exit code is this one's. It is the
container's child: when the main process ends, the kernel ends it too. Run by path with ``python -I -S``; whatever is imported
is imported before the container's files take the place of the host's.
"""

import ctypes
import fcntl
import os
import select
import sys

# include/uapi/linux: nsfs.h, prctl.h
_NS_GET_USERNS = 0xB701
_PR_SET_DUMPABLE = 4
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def main(pid: int, pidfd: int, user: tuple[int, int, list[int]], command: list[str]) -> int:
    """Returns the program's exit code. Raises OSError when the container is over."""
    _join(pid, pidfd)
    child = os.fork()  # the one that is in the process namespace
    if child == 0:
        os.setsid()
        _become(*user)
        os.execv(command[0], command)  # noqa: S606  # its purpose
    _close_others()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code if code >= 0 else 128 - code


def _join(pid: int, pidfd: int) -> None:
    names = ("user", "mnt", "pid", "ipc", "uts")
    spaces = {name: os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY) for name in names}
    if select.select([pidfd], [], [], 0)[0]:
        raise ProcessLookupError("the container is over")
    os.close(pidfd)
    owner = fcntl.ioctl(spaces["mnt"], _NS_GET_USERNS)
    own = os.open("/proc/self/ns/user", os.O_RDONLY)
    # Bubblewrap makes the namespaces in one user namespace, and the user in another one inside it.
    if not _same(own, owner):
        _enter(owner)
    for name in names[1:]:
        _enter(spaces[name])
    if not _same(owner, spaces["user"]):
        _enter(spaces["user"])


def _same(space: int, other: int) -> bool:
    return os.path.sameopenfile(space, other)


def _enter(space: int) -> None:
    _require(_libc.setns(space, 0))


def _become(uid: int, gid: int, groups: list[int]) -> None:
    _require(_libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0))  # the container's processes may not look into this one
    number = 0
    while _libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0) == 0:  # until there is none of that number
        number += 1
    _require(_libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
    if os.geteuid() != uid:
        os.setgroups(groups)
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    _require(_libc.capset(header, (ctypes.c_uint32 * 6)()))
    _require(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def _close_others() -> None:
    """What is the program's is not this one's: its streams end when it ends."""
    os.closerange(0, 256)


def _require(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    _pid, _pidfd, _uid, _gid, _groups = sys.argv[1:6]
    _user = (int(_uid), int(_gid), [int(group) for group in _groups.split(",") if group])
    try:
        sys.exit(main(int(_pid), int(_pidfd), _user, sys.argv[6:]))
    except OSError:  # whoever waits for the program's answer gets none
        sys.exit(128)
