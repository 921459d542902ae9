/* cf_error_private.h - errors made by the SDK itself. */
#ifndef HALSDK_CF_ERROR_PRIVATE_H
#define HALSDK_CF_ERROR_PRIVATE_H

#include <CoreFoundation/CFError.h>

/* In kCFErrorDomainCocoa. `reason` and `file_path` may be NULL; bytes that are not UTF-8 (of file
 * names, of broken documents) show as "?". The caller releases the error. */
CFErrorRef cf_error_create_cocoa(CFIndex code, const char *description, const char *reason,
                                 const char *file_path);

#endif
