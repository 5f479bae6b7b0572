#!/usr/bin/env bash
# Runs clang-tidy with the checks of .clang-tidy; any finding fails.
#   tools/run_tidy.sh all              every .cc of src/
#   tools/run_tidy.sh changed [rev]    those that differ from rev (HEAD), new ones included
#   tools/run_tidy.sh <file.cc>...     just these
# MINUTES (20) bounds the whole run, JOBS (all cores) how many run at once.
set -euo pipefail
cd "$(dirname "$0")/.."

# What is one line of a macro is not compiled by itself, and is looked at where its header is included.
more_than_a_line() {
    while read -r file; do
        [[ $(wc -l <"$file") -le 5 ]] || echo "$file"
    done
}

preset=tsan # compiled by clang, so that clang-tidy understands every flag; configured only, not built
case "${1:-all}" in
    all)
        mapfile -t files < <(find src -name '*.cc' | sort | more_than_a_line)
        ;;
    changed)
        mapfile -t files < <({ git diff --name-only --diff-filter=d "${2:-HEAD}" -- src
            git ls-files --others --exclude-standard -- src; } | grep '\.cc$' | sort -u | more_than_a_line || true)
        ;;
    *)
        files=("$@")
        ;;
esac
if [[ ${#files[@]} -eq 0 ]]; then
    echo "clang-tidy: no files to look at"
    exit 0
fi

mkdir -p build
flock "build/$preset.lock" cmake --preset "$preset" --log-level=WARNING >/dev/null
code=0
printf '%s\0' "${files[@]}" |
    timeout "${MINUTES:-20}m" xargs -0 -n 1 -P "${JOBS:-$(nproc)}" \
        clang-tidy-19 -p "build/$preset" --quiet 2> >(grep -v 'warnings\? generated' >&2) || code=$?
if [[ $code -eq 124 ]]; then
    echo "clang-tidy: not done after ${MINUTES:-20} minutes; look for the slow file, or raise MINUTES" >&2
elif [[ $code -ne 0 ]]; then
    echo "clang-tidy: findings in the files above" >&2
else
    echo "clang-tidy: ${#files[@]} files, no findings"
fi
exit "$code"
