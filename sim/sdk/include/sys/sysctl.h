/* sys/sysctl.h - system facts by name (glibc has dropped this header).
 *
 * Known: hw.ncpu, hw.activecpu, hw.logicalcpu, hw.physicalcpu (int), hw.memsize, hw.pagesize
 * (64 bits), kern.ostype "Darwin", kern.osrelease and kern.osproductversion (the release of macOS
 * that the environment variable HALSDK_MACOS_VERSION names, else 15.0), kern.hostname.
 * Everything else is ENOENT; nothing can be set (EPERM). The numeric interface, sysctl(), is not
 * offered.
 */
#ifndef SYS_SYSCTL_H
#define SYS_SYSCTL_H

#include <os/base.h>
#include <stddef.h>

__BEGIN_DECLS

/* 0, or -1 with errno. With `old` NULL the size alone is returned; too small a buffer is ENOMEM. */
OS_EXPORT int sysctlbyname(const char *name, void *old, size_t *old_size, void *new_value,
                           size_t new_size);

__END_DECLS

#endif
