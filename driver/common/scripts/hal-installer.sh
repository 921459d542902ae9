# shellcheck shell=sh
# hal-installer.sh - installs, replaces and removes a HAL driver on macOS. To be sourced.
#
# A wrapper of a few lines (driver/*/scripts/install.sh) sets what follows and calls hal_install,
# hal_uninstall or hal_stage with its arguments:
#
#   HAL_BUNDLE    name of the bundle's folder, such as GeckoAudioDevice.driver
#   HAL_DEVICES   names of the devices that have to appear, one a line; empty: none is looked for
#   HAL_SHM       names of POSIX shared memory that the driver makes, one a line; may be empty
#   HAL_PACKAGE   identifier of the installer package, whose receipt goes with the driver; may be empty
#   HAL_HERE      folder of the wrapper, where a staged bundle lies
#
# How a driver is replaced: the new one is copied, checked and signed in a folder beside the HAL
# folder, on the same volume; then two renames put the old one aside and the new one in its place.
# The old one is kept until the new one's devices have appeared, and comes back when they do not.
# Whoever is killed on the way leaves the staging folder; the next run puts the old driver back
# first. Between the two renames there is no driver in the HAL folder: macOS has no command that
# exchanges two folders.
#
# Only POSIX sh and what every macOS since 12 has. Exit status: 0 done; 1 not done, and the last
# line says why and what the state is; 2 wrong arguments.

HAL_FOLDER=/Library/Audio/Plug-Ins/HAL
HAL_SERVICE=system/com.apple.audio.coreaudiod
HAL_RUN=/var/run

hal_say() { printf '%s\n' "$*"; }

hal_complain() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# Ends with 1; what was begun is undone by hal_leave.
hal_fail() {
    hal_complain "$*"
    exit 1
}

hal_usage() {
    hal_complain "$* (see --help)"
    exit 2
}

hal_has() { command -v "$1" >/dev/null 2>&1; }

# hal_limited SECONDS COMMAND...: runs it, and ends it when it takes longer; then 124.
hal_limited() {
    hal_limit=$1
    shift
    "$@" &
    hal_child=$!
    hal_tenths=$((hal_limit * 10))
    while kill -0 "$hal_child" 2>/dev/null; do
        if [ "$hal_tenths" -le 0 ]; then
            kill -9 "$hal_child" 2>/dev/null
            wait "$hal_child" 2>/dev/null
            return 124
        fi
        sleep 0.1
        hal_tenths=$((hal_tenths - 1))
    done
    wait "$hal_child"
}

# ---- arguments and conditions -------------------------------------------------------------------

hal_arguments() {
    hal_dry=
    hal_wait=20
    hal_resign=
    hal_source=$HAL_HERE/$HAL_BUNDLE
    while [ $# -gt 0 ]; do
        case $1 in
        --help)
            hal_help
            exit 0
            ;;
        --dry-run) hal_dry=yes ;;
        --bundle | --wait)
            [ $# -ge 2 ] || hal_usage "$1 needs a value"
            if [ "$1" = --wait ]; then hal_wait=$2; else hal_source=${2%/}; fi
            shift
            ;;
        --sign-ad-hoc) hal_resign=yes ;;
        *) hal_usage "$1: not known" ;;
        esac
        shift
    done
    case $hal_wait in
    '' | *[!0-9]* | ?????*) hal_usage "--wait: \"$hal_wait\" is no number of seconds" ;;
    esac
    hal_installed=$HAL_FOLDER/$HAL_BUNDLE
    # Beside the HAL folder and not in it: coreaudiod looks at what is in it.
    hal_staging=${HAL_FOLDER%/*}/.$HAL_BUNDLE.installing
    hal_lock=$HAL_RUN/$HAL_BUNDLE.installing
}

hal_need_root() {
    [ -n "$hal_dry" ] || [ "$(id -u)" -eq 0 ] ||
        hal_fail "must be run as root: sudo $0"
}

# The bundle has to be one before anything is touched.
hal_check_source() {
    [ "${hal_source##*/}" = "$HAL_BUNDLE" ] ||
        hal_fail "--bundle: \"$hal_source\" is not called $HAL_BUNDLE; nothing was changed"
    [ -f "$hal_source/Contents/Info.plist" ] ||
        hal_fail "there is no bundle at \"$hal_source\"; nothing was changed"
    [ -n "$(find "$hal_source/Contents/MacOS" -type f 2>/dev/null | head -n 1)" ] ||
        hal_fail "\"$hal_source\" has no executable in Contents/MacOS; nothing was changed"
    hal_link=$(find "$hal_source" -type l | head -n 1)
    [ -z "$hal_link" ] ||
        hal_fail "the bundle has a symbolic link, which could lead anywhere: \"$hal_link\"; nothing was changed"
}

hal_check_folder() {
    if [ -L "$HAL_FOLDER" ]; then
        hal_fail "$HAL_FOLDER is a symbolic link: not followed; nothing was changed"
    elif [ -e "$HAL_FOLDER" ] && [ ! -d "$HAL_FOLDER" ]; then
        hal_fail "$HAL_FOLDER is no folder; nothing was changed"
    fi
    # Field 1 is the mode, field 3 the owner; the same for ls on macOS and on Linux.
    [ ! -d "$HAL_FOLDER" ] || hal_owner=$(find "$HAL_FOLDER" -prune -exec ls -ldn {} \; | awk '{ print $1, $3 }')
    case ${hal_owner:-'drwxr-xr-x 0'} in
    d??????r-x*' 0') ;;
    *) hal_say "note: $HAL_FOLDER has an unusual mode or owner ($hal_owner); drivers may not be loaded from it, and it is left as it is" ;;
    esac
}

# ---- one at a time ------------------------------------------------------------------------------

# A folder is made by one of two who try; whoever holds it writes its pid. One that a killed run has
# left is moved away, which again only one of two can do.
hal_take_lock() {
    mkdir -p "$HAL_RUN" 2>/dev/null
    hal_tries=0
    until mkdir "$hal_lock" 2>/dev/null; do
        hal_tries=$((hal_tries + 1))
        hal_holder=$(cat "$hal_lock/pid" 2>/dev/null)
        if [ -z "$hal_holder" ] && [ "$hal_tries" -lt 10 ]; then
            sleep 0.1 # it is about to write it
        elif [ -n "$hal_holder" ] && kill -0 "$hal_holder" 2>/dev/null; then
            hal_fail "another installation is running (process $hal_holder); nothing was changed"
        elif [ "$hal_tries" -gt 20 ]; then
            hal_fail "cannot make $hal_lock; nothing was changed"
        elif mv "$hal_lock" "$hal_lock.$$" 2>/dev/null; then
            if [ "$(cat "$hal_lock.$$/pid" 2>/dev/null)" != "$hal_holder" ]; then
                # Somebody else was quicker, and this is theirs.
                mv "$hal_lock.$$" "$hal_lock" 2>/dev/null
                hal_fail "another installation is running; nothing was changed"
            fi
            rm -rf "$hal_lock.$$"
        fi
    done
    hal_locked=yes
    printf '%s\n' "$$" >"$hal_lock/pid"
}

# ---- undoing ------------------------------------------------------------------------------------

hal_begin() {
    hal_locked=
    hal_swapped=
    umask 022
    trap hal_leave EXIT
    trap 'hal_complain "interrupted"; exit 1' HUP INT TERM
}

# On every way out but SIGKILL.
hal_leave() {
    hal_status=$?
    trap - EXIT
    trap '' HUP INT TERM
    if [ -n "$hal_locked" ]; then
        if [ -n "$hal_swapped" ]; then
            hal_complain "$(hal_put_back)"
            hal_restart >/dev/null || hal_complain "coreaudiod could not be restarted: restart the Mac"
        fi
        rm -rf "$hal_staging" "$hal_lock"
    fi
    exit "$hal_status"
}

# The driver as it was before: what is in the staging folder tells what has been done. Prints it.
hal_put_back() {
    hal_swapped=
    if [ -e "$hal_staging/old" ]; then
        rm -rf "$hal_staging/failed"
        [ ! -e "$hal_installed" ] || mv "$hal_installed" "$hal_staging/failed"
        mv "$hal_staging/old" "$hal_installed"
        printf 'the old driver is back\n'
    elif [ -e "$hal_staging/first" ]; then
        rm -rf "$hal_installed"
        printf 'the new driver was taken away again, there was none before\n'
    else
        printf 'nothing was changed\n'
    fi
}

# What a run that was killed has left.
hal_recover() {
    [ -d "$hal_staging" ] || return 0
    hal_say "an earlier run was cut off: $(hal_put_back)"
    rm -rf "$hal_staging"
}

# ---- coreaudiod ---------------------------------------------------------------------------------

hal_pids() { pgrep -x coreaudiod 2>/dev/null | sort | tr '\n' ' '; }

# Whether one of the pids in $1 is still there.
hal_any_left() {
    for hal_pid in $1; do
        ! kill -0 "$hal_pid" 2>/dev/null || return 0
    done
    return 1
}

# hal_restarted OLD TO_END TO_COME: waits until no pid of OLD is left, then for a new one. 1 when the
# old one stays, 2 when it has gone and no new one comes.
hal_restarted() {
    hal_tenths=$(($2 * 5))
    while hal_any_left "$1"; do
        [ "$hal_tenths" -gt 0 ] || return 1
        sleep 0.2
        hal_tenths=$((hal_tenths - 1))
    done
    hal_tenths=$(($3 * 5))
    while [ -z "$(hal_pids)" ]; do
        [ "$hal_tenths" -gt 0 ] || return 2
        sleep 0.2
        hal_tenths=$((hal_tenths - 1))
    done
}

# One rung after the other until there is a new coreaudiod. launchd may wait 10 s between two starts.
hal_restart() {
    hal_old=$(hal_pids)
    # Permitted before macOS 14.4 only; there killall did not always bring it back.
    if hal_limited 20 launchctl kickstart -k "$HAL_SERVICE" >/dev/null 2>&1 && hal_restarted "$hal_old" 3 12; then
        hal_say "restarted coreaudiod: launchctl kickstart -k"
        return 0
    fi
    for hal_signal in TERM KILL; do
        hal_limited 10 killall "-$hal_signal" coreaudiod >/dev/null 2>&1
        hal_restarted "$hal_old" 3 12
        case $? in
        0)
            hal_say "restarted coreaudiod: killall -$hal_signal"
            return 0
            ;;
        2) break ;; # there is nothing left to kill
        esac
    done
    if hal_limited 20 launchctl kickstart "$HAL_SERVICE" >/dev/null 2>&1 && hal_restarted "$hal_old" 1 12; then
        hal_say "restarted coreaudiod: launchctl kickstart, as it did not come back by itself"
        return 0
    fi
    return 1
}

# Lines of standard input as one, with commas in between.
hal_in_one() { sed '/^$/d' | paste -s -d , - | sed 's/,/, /g'; }

# Devices that cannot be seen, one a line.
hal_missing() {
    hal_seen=$(hal_limited 20 system_profiler SPAudioDataType 2>/dev/null)
    printf '%s\n' "$HAL_DEVICES" | while IFS= read -r hal_device; do
        [ -n "$hal_device" ] || continue
        printf '%s\n' "$hal_seen" | sed 's/^ *//' | grep -Fqx -e "$hal_device:" || printf '%s\n' "$hal_device"
    done
}

# hal_appear there|gone: waits until all devices are there, or none is; at most hal_wait seconds.
hal_appear() {
    hal_until=$(($(date +%s) + hal_wait))
    while :; do
        hal_gone=$(hal_missing)
        [ "$1" != there ] || [ -n "$hal_gone" ] || return 0
        [ "$1" != gone ] || [ "$hal_gone" != "$(printf '%s\n' "$HAL_DEVICES" | sed '/^$/d')" ] || return 0
        [ "$(date +%s)" -lt "$hal_until" ] || return 1
        sleep 0.2
    done
}

# The last line that coreaudiod has logged about this bundle.
hal_reason() {
    hal_has log || return 0
    hal_limited 20 log show --predicate 'process == "coreaudiod"' --last 2m --info 2>/dev/null |
        grep -F -e "$HAL_BUNDLE" | tail -n 1 | sed 's/^.*coreaudiod[^:]*: *//'
}

# ---- installing ---------------------------------------------------------------------------------

hal_help() {
    cat <<TEXT
usage: ${0##*/} [--dry-run] [--bundle PATH] [--wait SECONDS] [--sign-ad-hoc]

Installs or removes $HAL_BUNDLE in $HAL_FOLDER and restarts coreaudiod.

  --dry-run      say what would be done; nothing is changed, root is not needed
  --bundle PATH  install this bundle (default: the one beside this script)
  --wait SECONDS how long the devices may take to appear (default 20)
  --sign-ad-hoc  sign anew a bundle whose signature does not match; an unsigned one is always signed

The old driver is kept until the new one's devices have appeared, and comes back when they do not.
TEXT
}

hal_same() { diff -r -q -x _CodeSignature "$1" "$2" >/dev/null 2>&1; }

hal_copy() {
    rm -rf "$hal_staging"
    hal_new=$hal_staging/new/$HAL_BUNDLE
    mkdir -p "$hal_staging/new" 2>/dev/null ||
        hal_fail "cannot write to ${hal_staging%/*}; nothing was changed"
    cp -R "$hal_source" "$hal_staging/new/" ||
        hal_fail "the bundle could not be copied: is the disk full? nothing was changed"
    diff -r -q "$hal_source" "$hal_new" >/dev/null ||
        hal_fail "the copy is not like the bundle: is the disk full? nothing was changed"
    # 0:0 is root:wheel.
    if ! chown -R 0:0 "$hal_new" || ! chmod -R u+rwX,go-w,a+rX "$hal_new"; then
        hal_fail "owner and mode cannot be set in $hal_staging; nothing was changed"
    fi
}

hal_unquarantine() {
    hal_has xattr || return 0
    if xattr -p com.apple.quarantine "$hal_source" >/dev/null 2>&1; then
        hal_say "the bundle is quarantined; what is installed is not"
    fi
    xattr -dr com.apple.quarantine "$hal_new" ||
        hal_fail "the quarantine attribute cannot be removed; nothing was changed"
}

hal_sign() {
    hal_has codesign || return 0
    hal_verdict=$(codesign --verify --strict "$hal_new" 2>&1) && return 0
    case $hal_verdict in
    *'not signed at all'*) ;;
    *)
        [ -n "$hal_resign" ] ||
            hal_fail "the signature does not match the bundle (stale?): build it again, or give --sign-ad-hoc; nothing was changed"
        ;;
    esac
    codesign --force --sign - "$hal_new" 2>/dev/null ||
        hal_fail "the bundle cannot be signed; nothing was changed"
    hal_say "signed ad hoc"
}

# Two renames. Which of them has been done can be told from what is there, see hal_recover.
hal_swap() {
    mkdir -p "$HAL_FOLDER" || hal_fail "cannot make $HAL_FOLDER; nothing was changed"
    if [ -e "$hal_installed" ]; then
        hal_swapped=yes
        mv "$hal_installed" "$hal_staging/old" || hal_fail "the old driver cannot be moved"
    else
        : >"$hal_staging/first" || hal_fail "cannot write to $hal_staging; nothing was changed"
        hal_swapped=yes
    fi
    mv "$hal_new" "$hal_installed" || hal_fail "the new driver cannot be moved to its place"
}

hal_install() {
    hal_arguments "$@"
    hal_need_root
    hal_check_source
    hal_check_folder
    if [ -n "$hal_dry" ]; then
        hal_say "would copy $hal_source to $hal_installed, owned by root:wheel, readable by all"
        [ ! -e "$hal_installed" ] || hal_say "would keep the old driver until the new one works"
        hal_say "would restart coreaudiod and wait up to $hal_wait s for: $(printf '%s\n' "$HAL_DEVICES" | hal_in_one)"
        return 0
    fi
    hal_begin
    hal_take_lock
    hal_recover
    if hal_same "$hal_source" "$hal_installed" && [ -z "$(hal_missing)" ]; then
        hal_say "$HAL_BUNDLE is installed already, and works; nothing to do"
        return 0
    fi
    hal_copy
    hal_unquarantine
    hal_sign
    hal_swap
    hal_restart || hal_fail "coreaudiod did not come back; the new driver is not in use"
    if ! hal_appear there; then
        hal_why=$(hal_reason)
        hal_fail "$(hal_missing | hal_in_one) did not appear within $hal_wait s${hal_why:+: $hal_why}"
    fi
    # Decided: whoever is cut off from here on leaves the new one.
    [ ! -e "$hal_staging/old" ] || mv "$hal_staging/old" "$hal_staging/done"
    rm -f "$hal_staging/first"
    hal_swapped=
    hal_say "installed: $(printf '%s\n' "$HAL_DEVICES" | hal_in_one) can be chosen now"
}

# ---- removing -----------------------------------------------------------------------------------

# As the user whose session it is: the default is theirs.
hal_switch() {
    hal_tool=
    for hal_place in SwitchAudioSource /opt/homebrew/bin/SwitchAudioSource /usr/local/bin/SwitchAudioSource; do
        if [ -z "$hal_tool" ] && hal_has "$hal_place"; then hal_tool=$hal_place; fi
    done
    [ -n "$hal_tool" ] || return 1
    if [ -n "${SUDO_USER:-}" ] && [ "$SUDO_USER" != root ] && hal_has sudo; then
        sudo -u "$SUDO_USER" "$hal_tool" "$@"
    else
        "$hal_tool" "$@"
    fi
}

hal_is_ours() { printf '%s\n' "$HAL_DEVICES" | grep -Fqx -e "$1"; }

# A default output that goes away leaves the choice to macOS; better the user's own speakers.
hal_reset_output() {
    hal_current=$(hal_switch -c -t output 2>/dev/null) || {
        hal_say "note: without SwitchAudioSource macOS itself chooses the next output"
        return 0
    }
    hal_is_ours "$hal_current" || return 0
    hal_other=$(hal_switch -a -t output 2>/dev/null | while IFS= read -r hal_device; do
        hal_is_ours "$hal_device" || printf '%s\n' "$hal_device"
    done | head -n 1)
    if [ -n "$hal_other" ] && hal_switch -s "$hal_other" -t output >/dev/null 2>&1; then
        hal_say "default output: $hal_other"
    fi
}

# A driver in good order removes its own; one that was killed does not.
hal_remove_shm() {
    printf '%s\n' "$HAL_SHM" | while IFS= read -r hal_name; do
        [ -n "$hal_name" ] || continue
        if [ -d /dev/shm ]; then
            rm -f "/dev/shm$hal_name"
        elif hal_has perl; then
            # 267 is shm_unlink of macOS, which has no command for it.
            perl -e 'syscall(267, $ARGV[0])' "$hal_name" 2>/dev/null
        fi
    done
}

hal_forget_receipt() {
    [ -n "$HAL_PACKAGE" ] && hal_has pkgutil || return 0
    pkgutil --pkg-info "$HAL_PACKAGE" >/dev/null 2>&1 || return 0
    pkgutil --forget "$HAL_PACKAGE" >/dev/null || hal_complain "the receipt of $HAL_PACKAGE stays"
}

hal_uninstall() {
    hal_arguments "$@"
    hal_need_root
    hal_check_folder
    if [ -n "$hal_dry" ]; then
        hal_say "would remove $hal_installed, its shared memory and its receipt, and restart coreaudiod"
        return 0
    fi
    hal_begin
    hal_take_lock
    hal_recover
    hal_was=
    if [ -e "$hal_installed" ] || [ -L "$hal_installed" ]; then
        hal_was=yes
        hal_reset_output
        mkdir -p "$hal_staging" || hal_fail "cannot write to ${hal_staging%/*}; nothing was changed"
        # From here on it is going: a run that is cut off is not to bring it back.
        mv "$hal_installed" "$hal_staging/removed" || hal_fail "$hal_installed cannot be removed; nothing was changed"
        rm -rf "$hal_staging"
        hal_restart || hal_fail "the driver is removed, but coreaudiod did not come back: restart the Mac"
        hal_appear gone || hal_complain "note: a device is still shown: another driver has one of the same name?"
    fi
    hal_remove_shm
    hal_forget_receipt
    if [ -n "$hal_was" ]; then
        hal_say "removed: $HAL_BUNDLE"
    else
        hal_say "$HAL_BUNDLE is not installed; nothing to do"
    fi
}

# ---- staging ------------------------------------------------------------------------------------

hal_stage_help() {
    cat <<TEXT
usage: ${0##*/} --bundle PATH --into FOLDER

Puts $HAL_BUNDLE and what installs it into FOLDER, to be carried to another Mac or a VM's share.
FOLDER must not be there, or must be one that this script has made.
TEXT
}

hal_stage() {
    hal_source=
    hal_into=
    while [ $# -gt 0 ]; do
        case $1 in
        --help)
            hal_stage_help
            exit 0
            ;;
        --bundle | --into)
            [ $# -ge 2 ] || hal_usage "$1 needs a value"
            if [ "$1" = --bundle ]; then hal_source=${2%/}; else hal_into=${2%/}; fi
            shift
            ;;
        *) hal_usage "$1: not known" ;;
        esac
        shift
    done
    [ -n "$hal_source" ] && [ -n "$hal_into" ] || hal_usage "--bundle and --into are needed"
    hal_check_source
    [ ! -e "$hal_into" ] || [ -f "$hal_into/hal-installer.sh" ] ||
        hal_fail "\"$hal_into\" is there and is not ours; nothing was changed"
    hal_fresh=$hal_into.$$
    hal_parts=$HAL_HERE/../../common/scripts/hal-installer.sh
    [ -f "$hal_parts" ] || hal_parts=$HAL_HERE/hal-installer.sh
    if mkdir -p "$hal_fresh" && cp -R "$hal_source" "$hal_fresh/" &&
        cp "$hal_parts" "$HAL_HERE/install.sh" "$HAL_HERE/uninstall.sh" "$hal_fresh/" &&
        rm -rf "$hal_into" && mv "$hal_fresh" "$hal_into"; then
        hal_say "staged: sudo \"$hal_into/install.sh\""
    else
        rm -rf "$hal_fresh"
        hal_fail "cannot write to \"$hal_into\""
    fi
}
