"""Resident memory and throughput of the server under different allocators.

    apt-get install libjemalloc2 libmimalloc2.0
    make release model && python3 benches/allocators/run.py

Each allocator is preloaded into the same binary, so nothing is rebuilt. Every server gets the same
work: a burst of large answers on several connections, then small requests. Needs only the standard
library.
"""
import argparse
import concurrent.futures
import glob
import http.client
import json
import os
import re
import subprocess
import time

LIBRARIES = ["/usr/lib/*-linux-gnu", "/lib/*-linux-gnu"]
LARGE = json.dumps({
    "inputs": ["word " * 250] * 4, "tokens": True,
    "recipe": {"layers": [0, 1, 2, 3, 4, 5, 6], "combine": "concat"},
})
WORDS = "the film was long and its plot thin but everyone in it played as if it mattered".split()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--strata", default="target/release/strata")
    parser.add_argument("--rounds", type=int, default=5, help="bursts of large answers")
    parser.add_argument("--connections", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=10, help="of the closed loop")
    parser.add_argument("--libraries", action="append", default=LIBRARIES)
    options = parser.parse_args()
    print(f"{'allocator':34} {'ready':>6} {'peak':>6} {'after':>6} {'+5 s':>6} {'+small':>6}"
          f" {'+again':>6} {'texts/s':>8}   (MB resident)")
    for name, environment in allocators(options.libraries):
        print(f"{name:34} " + measure(environment, options), flush=True)


def allocators(folders):
    """Names with the environment that chooses each."""
    yield "glibc", {}
    yield "glibc, 2 arenas", {"MALLOC_ARENA_MAX": "2"}
    for arenas in ({}, {"MALLOC_ARENA_MAX": "2"}):
        for threshold in (128, 64):
            name = f"glibc, {'2 arenas, ' if arenas else ''}mmap from {threshold} KiB"
            yield name, arenas | {"MALLOC_MMAP_THRESHOLD_": str(threshold << 10)}
    found = {}
    for library in ("libjemalloc.so.*", "libmimalloc.so.*"):
        paths = [path for folder in folders for path in glob.glob(os.path.join(folder, library))]
        found[library.split(".")[0]] = max(paths, key=len, default=None)
    if jemalloc := found["libjemalloc"]:
        yield "jemalloc", {"LD_PRELOAD": jemalloc}
        yield "jemalloc, background thread", {
            "LD_PRELOAD": jemalloc, "MALLOC_CONF": "background_thread:true",
        }
    if mimalloc := found["libmimalloc"]:
        yield "mimalloc", {"LD_PRELOAD": mimalloc}


def measure(environment, options):
    command = [options.strata, "serve", "--port", "0"]
    server = subprocess.Popen(command, env=os.environ | environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        port = int(re.search(r"http://[^/]*:(\d+)/", server.stdout.readline()).group(1))
        closed_loop(port, options.connections, 1)
        ready = resident(server.pid)[0]
        burst(port, options)
        after, peak = resident(server.pid)
        time.sleep(5)
        later = resident(server.pid)[0]
        rate = closed_loop(port, options.connections, options.seconds)
        small = resident(server.pid)[0]
        burst(port, options)
        time.sleep(5)
        again = resident(server.pid)[0]
        figures = (ready, peak, after, later, small, again)
        return " ".join(f"{figure:6.0f}" for figure in figures) + f" {rate:8.0f}"
    finally:
        server.terminate()
        server.wait()


def burst(port, options):
    """Large answers on all connections at once. A refusal for lack of memory is tried again."""
    def one(_):
        for _ in range(options.rounds):
            while post(http.client.HTTPConnection("127.0.0.1", port, timeout=120), LARGE) == 429:
                time.sleep(0.05)
    with concurrent.futures.ThreadPoolExecutor(options.connections) as pool:
        list(pool.map(one, range(options.connections)))


def closed_loop(port, connections, seconds):
    """Texts per second with as many requests of 8 texts at a time as connections."""
    end = time.monotonic() + seconds

    def one(seed):
        connection, texts = http.client.HTTPConnection("127.0.0.1", port, timeout=60), 0
        while time.monotonic() < end:
            inputs = [" ".join(WORDS[(seed + at) % 7:][:4 + (at * 5 + texts) % 12]) for at in range(8)]
            assert post(connection, json.dumps({"inputs": inputs})) == 200
            texts += len(inputs)
        return texts
    with concurrent.futures.ThreadPoolExecutor(connections) as pool:
        return sum(pool.map(one, range(connections))) / seconds


def post(connection, body):
    connection.request("POST", "/embed", body, {"content-type": "application/json"})
    answer = connection.getresponse()
    while answer.read(1 << 16):
        pass
    return answer.status


def resident(pid):
    """Resident memory now and at its peak, in MB."""
    text = open(f"/proc/{pid}/status").read()
    return [int(re.search(rf"{name}:\s+(\d+)", text).group(1)) / 1000 for name in ("VmRSS", "VmHWM")]


if __name__ == "__main__":
    main()
