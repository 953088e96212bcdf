#!/usr/bin/env bash
# The job with a scheduler and WORKERS workers on this machine; nothing listens beyond loopback.
# Started again after an interruption, it goes on where it was.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

loopback=(--host 127.0.0.1 --dashboard-address 127.0.0.1:0 --no-dashboard)
rm -f scheduler.json
dask scheduler "${loopback[@]}" --port 0 --scheduler-file scheduler.json 2>scheduler.log &
scheduler=$!
workers=()
for ((n = 0; n < ${WORKERS:-2}; n++)); do
    dask worker "${loopback[@]}" --scheduler-file scheduler.json --no-nanny --nthreads 1 \
        --memory-limit 0 --death-timeout 120 --local-directory "${TMPDIR:-/tmp}" 2>>workers.log &
    workers+=($!)
done
clear_up() {  # the workers first: they take leave of the scheduler
    kill "${workers[@]}"
    wait "${workers[@]}"
    kill "$scheduler"
    wait "$scheduler"
    rm -f scheduler.json
} 2>/dev/null
trap clear_up EXIT

paramsrun params.in --resume auto &
job=$!
leave() {  # the job makes a checkpoint and ends
    kill -TERM "$job"
    wait "$job"
    exit
}
trap leave TERM INT
wait "$job"
