/* TargetConditionals.h - "what am I compiled for?", answered as a Mac would.
 *
 * Driver sources come here to choose their macOS code. So TARGET_OS_MAC is 1 although the compiler
 * makes code for Linux; sources that have to know may test __linux__.
 */
#ifndef HALSDK_TARGETCONDITIONALS_H
#define HALSDK_TARGETCONDITIONALS_H

#define TARGET_OS_MAC           1
#define TARGET_OS_OSX           1
#define TARGET_OS_IPHONE        0
#define TARGET_OS_IOS           0
#define TARGET_OS_MACCATALYST   0
#define TARGET_OS_UIKITFORMAC   0
#define TARGET_OS_WATCH         0
#define TARGET_OS_TV            0
#define TARGET_OS_VISION        0
#define TARGET_OS_BRIDGE        0
#define TARGET_OS_DRIVERKIT     0
#define TARGET_OS_SIMULATOR     0
#define TARGET_OS_EMBEDDED      0
#define TARGET_OS_NANO          0
#define TARGET_OS_UNIX          0
#define TARGET_OS_LINUX         0
#define TARGET_OS_WIN32         0
#define TARGET_OS_WINDOWS       0
#define TARGET_IPHONE_SIMULATOR 0

#if defined(__x86_64__)
#define TARGET_CPU_X86_64 1
#else
#define TARGET_CPU_X86_64 0
#endif
#if defined(__aarch64__)
#define TARGET_CPU_ARM64 1
#else
#define TARGET_CPU_ARM64 0
#endif
#define TARGET_CPU_X86      0
#define TARGET_CPU_ARM      0
#define TARGET_CPU_PPC      0
#define TARGET_CPU_PPC64    0
#define TARGET_CPU_68K      0

/* The object format is ELF, but nothing that asks this wants to hear so. */
#define TARGET_RT_MAC_CFM   0
#define TARGET_RT_MAC_MACHO 1

#if defined(__LP64__)
#define TARGET_RT_64_BIT 1
#else
#error "The SDK has the layouts of 64-bit Macs only"
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define TARGET_RT_LITTLE_ENDIAN 1
#define TARGET_RT_BIG_ENDIAN    0
#else
#error "The SDK has the layouts of little-endian Macs only"
#endif

#endif
