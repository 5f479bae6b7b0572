#!/usr/bin/env bash
# Installs the Debian packages that Kontiki needs, and only those that are missing.
#
#   ./setup.sh build   what compiling and running the broker needs
#   ./setup.sh test    what the tests, sanitizers, fuzzers and linters need on top of that
#   ./setup.sh bench   what `make bench` needs on top of that
#   ./setup.sh clients what the clients of `make clients` need on top of that; npm's own are fetched by it
#
# Does nothing (and needs neither root nor network) when everything is there.
set -euo pipefail

build_packages=(
    cmake ninja-build ccache g++ mold pkg-config git
    libboost1.81-dev libssl-dev libfmt-dev libspdlog-dev libcli11-dev libyaml-cpp-dev
    libisal-dev libjemalloc-dev libxxhash-dev libzstd-dev liblz4-dev libsnappy-dev zlib1g-dev
    librdkafka-dev prometheus-cpp-dev
)
test_packages=(
    libgtest-dev libgmock-dev libbenchmark-dev
    clang-19 clang-tidy-19 clang-format-19 libclang-rt-19-dev
    kcat python3 python3-kafka python3-lz4 python3-snappy python3-zstandard python3-confluent-kafka
    curl ca-certificates iproute2
)
bench_packages=(
    python3-matplotlib
    nats-server libnats-dev redis-server libhiredis-dev rabbitmq-server librabbitmq-dev  # the peers
)
# What some of them start by themselves; the benchmarks start their own.
unwanted_services=(nats-server redis-server rabbitmq-server)
client_packages=(libcurl4-openssl-dev)  # of the librdkafka that npm's clients bring
command -v node >/dev/null || client_packages+=(nodejs)
command -v npm >/dev/null || client_packages+=(npm)

fail() {
    echo "setup.sh: $*" >&2
    exit 1
}

case "${1:-}" in
    build) wanted=("${build_packages[@]}") ;;
    test) wanted=("${test_packages[@]}") ;;
    bench) wanted=("${bench_packages[@]}") ;;
    clients) wanted=("${client_packages[@]}") ;;
    *) fail "say which set to install: './setup.sh build', './setup.sh test', './setup.sh bench' or './setup.sh clients'" ;;
esac

command -v dpkg-query >/dev/null ||
    fail "this is not a Debian system; install the equivalents of: ${wanted[*]}"

missing=()
for package in "${wanted[@]}"; do
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [[ $status == installed ]] || missing+=("$package")
done
[[ ${#missing[@]} -eq 0 ]] && exit 0

as_root=()
if [[ $EUID -ne 0 ]]; then
    command -v sudo >/dev/null ||
        fail "not root and no sudo; as root, run: apt-get install ${missing[*]}"
    as_root=(sudo)
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() {
    # A second setup that runs at the same time waits for the first one instead of failing.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -y -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@" >>"$log" 2>&1
}

echo "setup.sh: installing ${missing[*]}"
# A foreign package source that does not answer must not stop us if Debian's own does.
apt update || echo "setup.sh: apt-get update had errors, trying to install anyway" >&2
apt install --no-install-recommends "${missing[@]}" || {
    tail -n 20 "$log" >&2
    fail "apt-get could not install: ${missing[*]} (its last lines are above)"
}

[[ -d /run/systemd/system ]] || exit 0
for service in "${unwanted_services[@]}"; do
    for package in "${missing[@]}"; do
        [[ $package != "$service" ]] || "${as_root[@]}" systemctl disable -q --now "$service" >>"$log" 2>&1 || true
    done
done
