/* cf_bundle_private.h - what the parts of CFBundle and CFPlugIn share. Internal to cf_bundle*.c and
 * cf_plugin*.c. */
#ifndef HALSDK_CF_BUNDLE_PRIVATE_H
#define HALSDK_CF_BUNDLE_PRIVATE_H

#include "cf_runtime.h"

#include <CoreFoundation/CFBundle.h>
#include <CoreFoundation/CFPlugIn.h>
#include <pthread.h>

/* Codes of kCFErrorDomainCocoa, as Foundation numbers them. */
enum {
    CF_BUNDLE_NO_FILE = 4,
    CF_BUNDLE_NOT_LOADABLE = 3584,
    CF_BUNDLE_WRONG_ARCHITECTURE = 3585,
    CF_BUNDLE_LOAD_FAILED = 3587,
    CF_BUNDLE_LINK_FAILED = 3588,
};

struct cf_bundle {
    struct cf_object base;

    /* Set at creation. */
    char *path; /* of the directory: absolute, resolved, without a slash at the end */
    CFURLRef url;
    bool flat;            /* no Contents/ */
    CFDictionaryRef info; /* never NULL */
    char *info_problem;   /* NULL, or why `info` is empty */

    /* Recursive: code that is being loaded may ask for its own bundle's functions. */
    pthread_mutex_t lock;
    void *handle;        /* of dlopen(); stays when the bundle is "unloaded" */
    _Atomic bool loaded; /* written with the lock held */

    _Atomic bool is_plugin, load_on_demand;

    struct cf_bundle *next; /* newer to older; guarded by the registry's lock */
};

/* Faults and returns NULL when `object` is no bundle. */
struct cf_bundle *cf_bundle_checked(CFTypeRef object, const char *function);

static inline CFBundleRef cf_bundle_ref(const struct cf_bundle *bundle) {
    return (CFBundleRef)(uintptr_t)bundle;
}

/* A new reference, unless the last one has just gone: then false. For the registries, which know
 * bundles without retaining them. */
bool cf_bundle_try_retain(struct cf_bundle *bundle);

/* Fills in `info` and `info_problem`. */
void cf_bundle_read_info(struct cf_bundle *bundle);

/* NULL unless the value is of that type. Borrowed. */
CFStringRef cf_bundle_info_string(const struct cf_bundle *bundle, CFStringRef key);
CFDictionaryRef cf_bundle_info_dictionary(const struct cf_bundle *bundle, CFStringRef key);

/* "<path>/<Contents/ unless flat><parts...>", until NULL; free() it. NULL when memory is out. */
char *cf_bundle_copy_path(const struct cf_bundle *bundle, const char *part, ...)
    __attribute__((sentinel));

/* The whole file; NULL with `errno` set. Reads at most one byte more than a property list may have.
 */
CFDataRef cf_bundle_copy_file(const char *path);

/* A URL for what is at `path`, NULL when nothing is. */
CFURLRef cf_bundle_copy_url_of_file(const char *path);

/* Takes a bundle's factories out of the registry, when it dies. */
void cf_plugin_forget(struct cf_bundle *bundle);

#endif
