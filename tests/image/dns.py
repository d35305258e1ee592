"""A DNS server for one container: answers every question for an IPv4 address with that of its argument, and
every other question with none (RFC 1035, section 4). Prints a line once it listens."""

import socket
import struct
import sys

HEADER = 12
TYPE_A = 1


def answer(query, address):
    """The answer to a query with one question."""
    end = query.index(b"\0", HEADER) + 5
    (kind,) = struct.unpack(">H", query[end - 4 : end - 2])
    count = 1 if kind == TYPE_A else 0
    # An answer with authority; its name is the question's.
    header = query[:2] + struct.pack(">5H", 0x8580, 1, count, 0, 0)
    record = struct.pack(">HHHIH", 0xC000 | HEADER, TYPE_A, 1, 60, 4) + socket.inet_aton(address)
    return header + query[HEADER:end] + record * count


def main():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 53))
        print("ready", flush=True)
        while True:
            query, client = server.recvfrom(4096)
            server.sendto(answer(query, sys.argv[1]), client)


main()
