"""Runs a command that the system lets do everything but ask for permission to use AMX's tiles:
`without_tiles.py COMMAND ARGUMENT…`. That is how a sandbox without this permission looks to it."""

import ctypes
import errno
import os
import struct
import sys

# From <sys/prctl.h>, <linux/seccomp.h> and <linux/bpf_common.h>.
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38
SECCOMP_MODE_FILTER = 2
RET_ERRNO, RET_ALLOW = 0x0005_0000, 0x7FFF_0000
LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
# What a filter reads: the number of the system call, and its first argument.
NUMBER, FIRST_ARGUMENT = 0, 16

ARCH_PRCTL, ARCH_REQ_XCOMP_PERM = 158, 0x1023

FILTER = [
    (LOAD_WORD, 0, 0, NUMBER),
    (JUMP_IF_EQUAL, 0, 3, ARCH_PRCTL),
    (LOAD_WORD, 0, 0, FIRST_ARGUMENT),
    (JUMP_IF_EQUAL, 0, 1, ARCH_REQ_XCOMP_PERM),
    (RETURN, 0, 0, RET_ERRNO | errno.EPERM),
    (RETURN, 0, 0, RET_ALLOW),
]


class Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def main():
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    instructions = b"".join(struct.pack("=HBBI", *instruction) for instruction in FILTER)
    program = Program(len(FILTER), instructions)
    for arguments in [(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program))]:
        if prctl(*arguments) != 0:
            sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    os.execv(sys.argv[1], sys.argv[1:])


main()
