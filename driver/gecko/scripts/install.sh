#!/bin/sh
# Installs Gecko Sink. See --help.
HAL_HERE=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
HAL_BUNDLE=GeckoAudioDevice.driver
HAL_DEVICES='Gecko Sink'
HAL_SHM='/GeckoAudioShm
/GeckoAudioShm.rd'
HAL_PACKAGE=com.gecko.driver.pkg
for part in "$HAL_HERE" "$HAL_HERE/../../common/scripts"; do
    if [ -f "$part/hal-installer.sh" ]; then
        # shellcheck source=driver/common/scripts/hal-installer.sh
        . "$part/hal-installer.sh"
        hal_install "$@"
        exit
    fi
done
echo "$0: hal-installer.sh is missing; it belongs beside this script" >&2
exit 1
