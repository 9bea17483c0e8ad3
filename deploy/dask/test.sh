#!/usr/bin/env bash
# Runs a sweep on two Dask workers, kills one of them in the middle, and holds the result against that of one
# process: `deploy/dask/test.sh target/release/snatsim`, with the Python of requirements.txt on the path, setpriv, pgrep
# and ps. Half a minute.
set -euo pipefail
snatsim=$(realpath "${1:?which snatsim?}")
cd "$(dirname "$0")"

made=$(mktemp -d)
started=()
# A worker that is only asked to end waits for its scheduler.
trap '{ kill -KILL "${started[@]}"; wait; } 2> /dev/null || true; rm -rf "$made"' EXIT

fail() {
    echo "dask: $*" >&2
    exit 1
}

# Waits for a condition, half a minute at most.
until_holds() {
    for _ in {1..600}; do
        if "$@"; then return; fi
        sleep 0.05
    done
    fail "in vain: $*"
}

points_done() { find "$made/whole.shards" -path '*/points/*' -name result.json 2> /dev/null | wc -l; }
in_the_middle() { child=$(pgrep -P "${workers[0]}" -x snatsim) && (($(points_done) > 0)); }
gone() { [[ $(ps -o stat= -p "$1") != [^Z]* ]]; }

dask scheduler --host 127.0.0.1 --port 0 --no-dashboard --scheduler-file "$made/scheduler.json" &> "$made/scheduler.log" &
started+=($!)
until_holds test -s "$made/scheduler.json"
address=$(python -c 'import json, sys; print(json.load(open(sys.argv[1]))["address"])' "$made/scheduler.json")
workers=()
for i in 1 2; do
    dask worker "$address" --nthreads 1 --no-nanny --no-dashboard --local-directory "$made" &> "$made/worker$i.log" &
    started+=($!)
    workers+=($!)
done

sweep=$PWD/../../configs/sweeps/hot-node-share.json
# Enough replications for a shard to take seconds.
options=(--replications 30)
python sweep.py "$sweep" --shards 4 -o "$made/whole" --scheduler "$address" --snatsim "$snatsim" \
    -- "${options[@]}" > "$made/sweep.log" &
script=$!
started+=("$script")
until_holds in_the_middle
kill -KILL "${workers[0]}"
wait "${workers[0]}" 2> /dev/null || true
echo "dask: killed a worker with $(points_done) of 9 points done"
until_holds gone "$child"
[[ ! -e $made/whole ]] || fail "the worker was killed too late to prove anything"
wait "$script" || fail "the script ended with status $?: $(cat "$made"/*.log)"

"$snatsim" sweep "$sweep" -o "$made/one" -q "${options[@]}" > /dev/null
diff -r "$made/one" "$made/whole"
echo "dask: the same bytes as one process"

# What is wrong with the sweep stops it, with the message and the status of snatsim.
echo '{ "name": "broken" }' > "$made/broken.json"
status=0
python sweep.py "$made/broken.json" --shards 2 -o "$made/none" --scheduler "$address" --snatsim "$snatsim" 2> "$made/said" || status=$?
((status == 2)) || fail "a broken sweep ended with status $status"
grep -q 'broken.json' "$made/said" || fail "a broken sweep was not explained: $(cat "$made/said")"
echo "dask: a broken sweep is refused with its message"
