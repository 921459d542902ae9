/* sys/syslog.h - the system's header, with syslog() and its siblings led to the host's log sink.
 *
 * A macro does it, not a function of the same name in the runtime: which definition of syslog()
 * a loaded driver binds to depends on how the host itself was loaded (the symbols of a program and
 * its libraries come before those of a plug-in), so a host inside Python would get libc's. The
 * macro also passes by the inline syslog() of fortified builds. <syslog.h> includes this header.
 *
 * LOG_EMERG, LOG_ALERT and LOG_CRIT become "fault", LOG_ERR "error", LOG_WARNING and LOG_NOTICE
 * "default", LOG_INFO "info", LOG_DEBUG "debug". The name given to openlog() becomes the category.
 */
#ifndef HALSDK_SYS_SYSLOG_H
#define HALSDK_SYS_SYSLOG_H

#include_next <sys/syslog.h>

#include <os/base.h>
#include <stdarg.h>

__BEGIN_DECLS

OS_EXPORT void halsdk_syslog(int priority, const char *format, ...) OS_FORMAT_PRINTF(2, 3);
OS_EXPORT void halsdk_vsyslog(int priority, const char *format, va_list args)
    OS_FORMAT_PRINTF(2, 0);
/* `ident` must outlive its use, as with libc's; options and facility are without effect. */
OS_EXPORT void halsdk_openlog(const char *ident, int options, int facility);
OS_EXPORT void halsdk_closelog(void);
OS_EXPORT int halsdk_setlogmask(int mask);

__END_DECLS

#define syslog     halsdk_syslog
#define vsyslog    halsdk_vsyslog
#define openlog    halsdk_openlog
#define closelog   halsdk_closelog
#define setlogmask halsdk_setlogmask

#endif
