#!/usr/bin/env bash
# Formats the C++ files under the folders or files named, or checks that they are formatted.
#   tools/format.sh write|check <path>...
set -euo pipefail
cd "$(dirname "$0")/.."

mode=${1:?say write or check}
shift
[[ $# -gt 0 ]] || exit 0
mapfile -d '' files < <(find "$@" -type f \( -name '*.cc' -o -name '*.h' \) -print0)
[[ ${#files[@]} -gt 0 ]] || exit 0

if [[ $mode == write ]]; then
    clang-format-19 -i "${files[@]}"
elif ! clang-format-19 --dry-run --Werror "${files[@]}"; then
    echo "Not formatted (files and lines above); run: make format" >&2
    exit 1
fi
