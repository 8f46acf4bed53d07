# What tests/run and .ci/run share: named and timed steps, the tools they need, and a
# target folder outside the checkout. Sourced, never run by itself.

# An absolute path in CARGO_TARGET_DIR wins; DAYFLY_TARGET places ours alone.
cache=${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${DAYFLY_TARGET:-$cache/dayfly/target}}
# A snapshot that differs is a failure here, never a new snapshot.
export INSTA_UPDATE=no
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-auto}

# Cargo takes the programs of another checkout for ours where their sources are the same, and those
# look for their files in that checkout: they are built again, and nothing else is.
own_target() {
    local mark=$CARGO_TARGET_DIR/checkout
    [ "$(cat "$mark" 2>/dev/null)" = "$PWD" ] && return 0
    mkdir -p "$CARGO_TARGET_DIR" && cargo clean --quiet --package dayfly --package dayfly-agent --package dayfly-lab && say "$PWD" >"$mark"
}

steps_passed=()
steps_failed=()

say() { printf '%s\n' "$@"; }

stop() {
    printf 'error: %s\n' "$1" >&2
    if [ -n "${2:-}" ]; then printf '\nhint: %s\n' "$2" >&2; fi
    exit 1
}

# step NAME COMMAND…: runs it, says how long it took, and remembers how it ended.
# The status is that of the command, so a caller may go on or not.
step() {
    local name=$1 started=$SECONDS status=0
    shift
    say "== $name"
    "$@" || status=$?
    local took="$((SECONDS - started)) s"
    if [ "$status" = 0 ]; then
        steps_passed+=("$name ($took)")
        say "-- $name: passed in $took"
    else
        steps_failed+=("$name ($took, status $status)")
        say "-- $name: failed in $took with status $status"
    fi
    return "$status"
}

# install_package PACKAGE WHY: installs a Debian package where that may be done, and names it otherwise.
install_package() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
        stop "$2" "install the package $1, for example: sudo apt-get install $1"
    say "installing $1, because $2"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$1"; } >/dev/null ||
        stop "the package $1 cannot be installed, and $2" "try: apt-get install $1"
}

# need COMMAND PACKAGE: the package that provides a command is installed if the command is missing.
need() {
    command -v "$1" >/dev/null && return 0
    install_package "$2" "$1 is missing"
    command -v "$1" >/dev/null || stop "$1 is still missing after installing $2"
}

# What cannot come from a distribution: it would not be the version that the toolchain file pins.
need_cargo() {
    command -v cargo >/dev/null && return 0
    if [ -x "${HOME:-/root}/.cargo/bin/cargo" ]; then
        export PATH="${HOME:-/root}/.cargo/bin:$PATH"
    else
        stop "cargo is missing" "install Rust from https://rustup.rs; rust-toolchain.toml names the version"
    fi
}

# One line per step; to be called once, at the end.
list_steps() {
    local name
    for name in "${steps_passed[@]}"; do say "passed  $name"; done
    for name in "${steps_failed[@]}"; do say "failed  $name"; done
}

# python_environment FILE: a Python environment that holds the packages that FILE pins, and no
# others; its folder is then in $environment. One that is there already is used again: its name
# is the hash of the file.
python_environment() {
    local requirements=$1 name
    need python3 python3
    # Debian's python3 comes without the module that makes environments.
    python3 -c 'import ensurepip, venv' 2>/dev/null ||
        install_package python3-venv "python3 cannot make environments"
    name=$(basename "$requirements" .txt)-$({ python3 --version && cat "$requirements"; } | sha256sum | cut -c1-16)
    environment=$cache/dayfly/python/$name
    [ -e "$environment/complete" ] && return 0
    say "installing the packages of $requirements into $environment"
    rm -rf "$environment"
    mkdir -p "$(dirname "$environment")"
    { python3 -m venv "$environment" &&
        "$environment/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"; } ||
        stop "the packages of $requirements cannot be installed" "try: pip install --requirement $requirements"
    touch "$environment/complete"
}
