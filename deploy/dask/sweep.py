#!/usr/bin/env python3
"""Runs a sweep on the workers of Dask, a task for every shard, and merges the shards.

    python deploy/dask/sweep.py ips.json --shards 61 -o ips --scheduler tcp://10.0.0.4:8786
    python deploy/dask/sweep.py ips.json --shards 17 -o ips --workers 4 -- --replications 20

The sweep, the directory and snatsim have the same paths on every machine. A shard goes on where it was,
so the same command after a failure does only what is missing. What follows -- is for `snatsim sweep`.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from dask.distributed import Client, as_completed

# Together longer than a file server keeps the lock of a machine that is gone (a Linux one 90 seconds).
RETRIES = 20
PAUSE_SECONDS = 10


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run a sweep of snatsim on Dask.")
    parser.add_argument("sweep", type=Path, help="sweep file")
    parser.add_argument("--shards", type=int, required=True, help="parts of the sweep, each a task")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR",
                        help="where the whole sweep goes; the shards go into DIR.shards")
    parser.add_argument("--snatsim", default="snatsim", help="the program, if not on the path of the workers")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--scheduler", metavar="ADDRESS", help="a cluster that is there")
    where.add_argument("--workers", type=int, help="a cluster of so many processes on this machine")
    parser.add_argument("options", nargs="*", help="after --: more options of `snatsim sweep`")
    return parser.parse_intermixed_args()


def connect(args: argparse.Namespace) -> Client:
    if args.scheduler:
        return Client(args.scheduler)
    return Client(n_workers=args.workers, threads_per_worker=1, dashboard_address=None)


def run_shard(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Runs on a worker. Dask tries again what raises; what snatsim has decided, it returns."""
    # A shard whose worker is killed ends with it, and so lets go of its directory.
    bound = ["setpriv", "--pdeathsig", "KILL", "--", *command]
    done = subprocess.run(bound, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode in (0, 2, 3):
        return done
    time.sleep(PAUSE_SECONDS)
    raise RuntimeError(f"{' '.join(command)}: status {done.returncode}\n{done.stderr}")


def main() -> int:
    args = arguments()
    sweep, whole = args.sweep.resolve(), args.output.resolve()
    shards = [whole.with_name(f"{whole.name}.shards") / f"{i}-of-{args.shards}" for i in range(args.shards)]
    commands = [
        # One thread: a worker has as many tasks at a time as it has cores.
        [args.snatsim, "sweep", str(sweep), "--shard", f"{i}/{args.shards}", "-o", str(shard),
         "--quiet", "--threads", "1", *args.options]
        for i, shard in enumerate(shards)
    ]
    with connect(args) as client:
        tasks = client.map(run_shard, commands, retries=RETRIES, pure=False)
        for count, task in enumerate(as_completed(tasks), start=1):
            done = task.result()
            if done.returncode != 0:
                client.cancel(tasks)
                sys.stderr.write(done.stderr)
                return done.returncode
            print(f"{count} of {args.shards} shards done", file=sys.stderr)
    return subprocess.run([args.snatsim, "merge", *map(str, shards), "-o", str(whole)], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
