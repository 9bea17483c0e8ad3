#!/usr/bin/env python3
"""Runs a sweep on a Ray cluster, a task for every shard, and merges the shards.

    python deploy/ray/sweep.py ips.json --shards 61 -o ips --address auto
    python deploy/ray/sweep.py ips.json --shards 17 -o ips -- --replications 20

The sweep, the directory and snatsim have the same paths on every machine. A shard goes on where it was,
so the same command after a failure does only what is missing. What follows -- is for `snatsim sweep`.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import ray

# Together longer than a file server keeps the lock of a machine that is gone (a Linux one 90 seconds).
RETRIES = 20
PAUSE_SECONDS = 10


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run a sweep of snatsim on Ray.")
    parser.add_argument("sweep", type=Path, help="sweep file")
    parser.add_argument("--shards", type=int, required=True, help="parts of the sweep, each a task")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR",
                        help="where the whole sweep goes; the shards go into DIR.shards")
    parser.add_argument("--snatsim", default="snatsim", help="the program, if not on the path of the workers")
    parser.add_argument("--address", help="a cluster that is there; without it, one of this machine's cores")
    parser.add_argument("options", nargs="*", help="after --: more options of `snatsim sweep`")
    return parser.parse_intermixed_args()


# Ray tries again on another machine when one is lost, and where this raises.
@ray.remote(num_cpus=1, max_retries=RETRIES, retry_exceptions=True)
def run_shard(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Runs on a worker; what snatsim has decided, it returns."""
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
    ray.init(address=args.address, log_to_driver=False)
    tasks = [
        # One thread: Ray runs as many tasks at a time as there are cores.
        run_shard.remote([args.snatsim, "sweep", str(sweep), "--shard", f"{i}/{args.shards}", "-o", str(shard),
                          "--quiet", "--threads", "1", *args.options])
        for i, shard in enumerate(shards)
    ]
    waiting = tasks
    while waiting:
        (ready,), waiting = ray.wait(waiting)
        done = ray.get(ready)
        if done.returncode != 0:
            for task in waiting:
                ray.cancel(task, force=True)
            sys.stderr.write(done.stderr)
            return done.returncode
        print(f"{len(tasks) - len(waiting)} of {args.shards} shards done", file=sys.stderr)
    return subprocess.run([args.snatsim, "merge", *map(str, shards), "-o", str(whole)], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
