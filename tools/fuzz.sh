#!/usr/bin/env bash
# Runs the fuzzers of a build directory, one after the other, each for some seconds.
#   tools/fuzz.sh <build directory> <seconds> [name]
# Inputs found so far are kept in <build directory>/corpus/<name>; tests/fuzz/corpus/<name> and crashes/<name> are
# read, too. What crashes is left in <build directory>/<name>-crash-...
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${1:?say the build directory}
seconds=${2:?say for how many seconds}
shopt -s nullglob
fuzzers=("$folder"/fuzz_"${3:-*}")
[[ -n ${3:-} ]] || fuzzers=("$folder"/fuzz_*)
if [[ ${#fuzzers[@]} -eq 0 || ! -x ${fuzzers[0]} ]]; then
    echo "fuzz.sh: no fuzzer ${3:-} in $folder; they are made from tests/fuzz/<name>.cc" >&2
    exit 2
fi
for fuzzer in "${fuzzers[@]}"; do
    name=${fuzzer##*/fuzz_}
    echo "fuzz $name for $seconds s"
    mkdir -p "$folder/corpus/$name"
    seeds=()
    for kind in corpus crashes; do
        [[ -d tests/fuzz/$kind/$name ]] && seeds+=("tests/fuzz/$kind/$name")
    done
    "$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 \
        -artifact_prefix="$folder/$name-" "$folder/corpus/$name" "${seeds[@]}"
done
