#!/bin/sh
# Puts Bunghole and what installs it into a folder. See --help.
HAL_HERE=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
HAL_BUNDLE=BungholeAudio.driver
HAL_DEVICES='Bunghole Output
Bunghole Input'
HAL_SHM=
HAL_PACKAGE=com.bunghole.audio.pkg
for part in "$HAL_HERE" "$HAL_HERE/../../common/scripts"; do
    if [ -f "$part/hal-installer.sh" ]; then
        # shellcheck source=driver/common/scripts/hal-installer.sh
        . "$part/hal-installer.sh"
        hal_stage "$@"
        exit
    fi
done
echo "$0: hal-installer.sh is missing; it belongs beside this script" >&2
exit 1
