/* Availability.h - version numbers of macOS, and markers that say since when something exists.
 *
 * Two digits each for major, minor and patch; 10.0 to 10.9 came earlier and have four digits in
 * all. The markers do nothing: a driver meets its macOS version at run time, as a profile of the
 * host.
 */
#ifndef HALSDK_AVAILABILITY_H
#define HALSDK_AVAILABILITY_H

#define __API_TO_BE_DEPRECATED 100000

#define __MAC_10_0             1000
#define __MAC_10_1             1010
#define __MAC_10_2             1020
#define __MAC_10_3             1030
#define __MAC_10_4             1040
#define __MAC_10_5             1050
#define __MAC_10_6             1060
#define __MAC_10_7             1070
#define __MAC_10_8             1080
#define __MAC_10_9             1090
#define __MAC_10_10            101000
#define __MAC_10_10_2          101002
#define __MAC_10_10_3          101003
#define __MAC_10_11            101100
#define __MAC_10_11_2          101102
#define __MAC_10_11_3          101103
#define __MAC_10_11_4          101104
#define __MAC_10_12            101200
#define __MAC_10_12_1          101201
#define __MAC_10_12_2          101202
#define __MAC_10_12_4          101204
#define __MAC_10_13            101300
#define __MAC_10_13_1          101301
#define __MAC_10_13_2          101302
#define __MAC_10_13_4          101304
#define __MAC_10_14            101400
#define __MAC_10_14_1          101401
#define __MAC_10_14_4          101404
#define __MAC_10_14_5          101405
#define __MAC_10_14_6          101406
#define __MAC_10_15            101500
#define __MAC_10_15_1          101501
#define __MAC_10_15_4          101504
#define __MAC_10_16            101600
#define __MAC_11_0             110000
#define __MAC_11_1             110100
#define __MAC_11_3             110300
#define __MAC_11_4             110400
#define __MAC_11_5             110500
#define __MAC_11_6             110600
#define __MAC_12_0             120000
#define __MAC_12_1             120100
#define __MAC_12_2             120200
#define __MAC_12_3             120300
#define __MAC_12_4             120400
#define __MAC_12_5             120500
#define __MAC_12_6             120600
#define __MAC_12_7             120700
#define __MAC_13_0             130000
#define __MAC_13_1             130100
#define __MAC_13_2             130200
#define __MAC_13_3             130300
#define __MAC_13_4             130400
#define __MAC_13_5             130500
#define __MAC_13_6             130600
#define __MAC_14_0             140000
#define __MAC_14_1             140100
#define __MAC_14_2             140200
#define __MAC_14_3             140300
#define __MAC_14_4             140400
#define __MAC_14_5             140500
#define __MAC_14_6             140600
#define __MAC_14_7             140700
#define __MAC_15_0             150000
#define __MAC_15_1             150100
#define __MAC_15_2             150200
#define __MAC_15_3             150300
#define __MAC_15_4             150400
#define __MAC_15_5             150500
#define __MAC_15_6             150600
#define __MAC_26_0             260000
#define __MAC_26_1             260100
#define __MAC_26_2             260200

#define __MAC_NA               9999

/* The SDK these headers describe, and the oldest macOS the sources want to run on. Sources choose
 * code by comparing them with __MAC_x_y, so both may be set on the command line. */
#ifndef __MAC_OS_X_VERSION_MAX_ALLOWED
#define __MAC_OS_X_VERSION_MAX_ALLOWED __MAC_14_5
#endif
#ifndef __MAC_OS_X_VERSION_MIN_REQUIRED
#ifdef __ENVIRONMENT_MAC_OS_X_VERSION_MIN_REQUIRED__
#define __MAC_OS_X_VERSION_MIN_REQUIRED __ENVIRONMENT_MAC_OS_X_VERSION_MIN_REQUIRED__
#else
#define __MAC_OS_X_VERSION_MIN_REQUIRED __MAC_11_0
#endif
#endif

/* ---- markers of declarations ----------------------------------------------------------------- */

#define API_AVAILABLE(...)
#define API_UNAVAILABLE(...)
#define API_DEPRECATED(...)
#define API_DEPRECATED_WITH_REPLACEMENT(...)
#define API_OBSOLETED(...)
#define API_AVAILABLE_BEGIN(...)
#define API_AVAILABLE_END
#define API_UNAVAILABLE_BEGIN(...)
#define API_UNAVAILABLE_END
#define API_DEPRECATED_BEGIN(...)
#define API_DEPRECATED_END
#define SPI_AVAILABLE(...)
#define SPI_DEPRECATED(...)

#define __API_AVAILABLE(...)
#define __API_UNAVAILABLE(...)
#define __API_DEPRECATED(...)
#define __API_DEPRECATED_WITH_REPLACEMENT(...)

#define __OSX_AVAILABLE(...)
#define __OSX_UNAVAILABLE
#define __OSX_DEPRECATED(...)
#define __OSX_AVAILABLE_STARTING(...)
#define __OSX_AVAILABLE_BUT_DEPRECATED(...)
#define __OSX_AVAILABLE_BUT_DEPRECATED_MSG(...)
#define __OS_AVAILABILITY(...)
#define __OS_AVAILABILITY_MSG(...)
#define __IOS_AVAILABLE(...)
#define __IOS_PROHIBITED
#define __TVOS_AVAILABLE(...)
#define __TVOS_PROHIBITED
#define __WATCHOS_AVAILABLE(...)
#define __WATCHOS_PROHIBITED

#endif
