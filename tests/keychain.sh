#!/usr/bin/env bash
# Holds the keychain adapter to its contract against a real Secret Service (GNOME Keyring), in a
# D-Bus session and a home of its own: the user's keychain is never touched.
#
# Usage: tests/keychain.sh [PROBE]    PROBE: a built keychain-probe; built here when not given.
#
# As root, what is missing is installed with apt-get. Ends with 1 if a promise was broken, with 2 if
# the scenes could not be set.
set -euo pipefail
cd "$(dirname "$0")/.."

main() {
    install_missing
    PROBE=${1:-}
    if [[ -z $PROBE ]]; then
        # With the features of the whole workspace it is what the tests have built.
        cargo build --quiet --locked --workspace --bin keychain-probe
        PROBE=${CARGO_TARGET_DIR:-target}/debug/keychain-probe
    fi
    PROBE=$(realpath "$PROBE")
    new_home

    # There is no bus; what the variable names is not one; or nobody answers there.
    scene absent -
    scene absent DBUS_SESSION_BUS_ADDRESS=unix:path=/nowhere/bus
    scene absent DBUS_SESSION_BUS_ADDRESS=nonsense
    scene mute "DBUS_SESSION_BUS_ADDRESS=unix:path=$HOME/mute"

    # There is a bus, but no Secret Service on it, as over ssh on a server.
    bare_bus_config >"$HOME/bare.conf"
    on_a_bus --config-file="$HOME/bare.conf" <<<'scene absent'

    # There is a Secret Service, but nobody ever made a keychain; then it is made, used and locked.
    on_a_bus <<'SCENES'
start_keyring
scene empty
SCENES
    on_a_bus <<'SCENES'
unlock_keyring
scene open
scene put
lock_keyring
scene locked
SCENES

    # The next day: first nobody has unlocked it, then somebody does.
    on_a_bus <<'SCENES'
start_keyring
scene locked
SCENES
    on_a_bus <<'SCENES'
unlock_keyring
scene read
scene open
SCENES

    local passed failed
    passed=$(grep -c '^ok ' "$RESULTS" || true)
    failed=$(grep -vc '^ok ' "$RESULTS" || true)
    echo "$passed passed, $failed failed"
    # As many as there are when every scene was played.
    [[ $failed == 0 && $passed == 24 ]]
}

# scene NAME [VARIABLE=VALUE|-]: plays it in the environment of the moment, with that change to it;
# - is without any bus. Everything that may hang is given a minute.
scene() {
    local name=$1 change=() where=${2:-"a session bus"}
    [[ $where == - ]] && where="no bus" && change=(-u DBUS_SESSION_BUS_ADDRESS)
    [[ $where == *=* ]] && change=("$where")
    echo "== $name, with $where"
    local status=0
    env "${change[@]}" timeout 60 "$PROBE" "$name" >"$HOME/said" 2>&1 || status=$?
    if [[ $status != 0 ]] && ! grep -q '^FAILED' "$HOME/said"; then
        echo "FAILED  $name: ended with $status (124: it hung)" >>"$HOME/said"
    fi
    cat "$HOME/said"
    grep -E '^(ok|FAILED) ' "$HOME/said" >>"$RESULTS"
}

# on_a_bus [OPTION] <<< COMMANDS: runs them in a D-Bus session that ends with them.
on_a_bus() {
    export -f scene start_keyring unlock_keyring lock_keyring
    # The services complain of the missing screen; only a failure makes that worth reading.
    if ! timeout 120 dbus-run-session "$@" -- bash -euo pipefail -c "$(cat)" 2>"$HOME/noise"; then
        cat "$HOME/noise" >&2
        echo "the scene could not be set" >&2
        exit 2
    fi
}

# Nobody has entered the password; the prompter cannot show a dialogue, for want of a screen.
start_keyring() {
    gnome-keyring-daemon --start --components=secrets >/dev/null
}

# As a login does it. The first time this makes the keychain.
unlock_keyring() {
    printf 'login password' | gnome-keyring-daemon --unlock --components=secrets >/dev/null
}

lock_keyring() {
    dbus-send --session --print-reply --dest=org.freedesktop.secrets /org/freedesktop/secrets \
        org.freedesktop.Secret.Service.Lock \
        array:objpath:/org/freedesktop/secrets/collection/login >/dev/null
}

new_home() {
    HOME=$(mktemp -d)
    RESULTS=$HOME/results
    : >"$RESULTS"
    trap 'rm -rf "$HOME"' EXIT
    mkdir -m 700 "$HOME/run"
    export PROBE HOME RESULTS XDG_RUNTIME_DIR=$HOME/run XDG_DATA_HOME=$HOME/data
    export XDG_CONFIG_HOME=$HOME/config XDG_CACHE_HOME=$HOME/cache
    unset DISPLAY WAYLAND_DISPLAY DBUS_SESSION_BUS_ADDRESS GNOME_KEYRING_CONTROL
}

# A bus that starts no services.
bare_bus_config() {
    cat <<'XML'
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <policy context="default">
    <allow send_destination="*"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
XML
}

install_missing() {
    local missing=() tool package
    while read -r tool package; do
        command -v "$tool" >/dev/null || missing+=("$package")
    done <<<'gnome-keyring-daemon gnome-keyring
dbus-run-session dbus
dbus-send dbus'
    [[ ${#missing[@]} == 0 ]] && return
    if [[ $(id -u) != 0 ]]; then
        echo "please install: ${missing[*]}" >&2
        exit 2
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

main "$@"
