/* cf_bundle.c - bundles, and the registry of those that exist in this process. */
#include "cf_bundle_private.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    pthread_mutex_t lock;
    struct cf_bundle *newest;
    uint64_t generation; /* counts changes of the list */
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct cf_bundle *cf_bundle_checked(CFTypeRef object, const char *function) {
    return cf_object_expect(object, &cf_bundle_class, function)
               ? (struct cf_bundle *)(uintptr_t)object
               : NULL;
}

static bool is_directory(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* ---- registry ----------------------------------------------------------------------------- */

bool cf_bundle_try_retain(struct cf_bundle *bundle) {
    uint32_t count = atomic_load(&bundle->base.refcount);
    while (count > 0 && count < CF_DYING) {
        if (atomic_compare_exchange_weak(&bundle->base.refcount, &count, count + 1)) {
            return true;
        }
    }
    return count == CF_IMMORTAL;
}

/* With the lock held: the bundle at `path`, retained. */
static struct cf_bundle *registry_retain(const char *path) {
    for (struct cf_bundle *bundle = registry.newest; bundle; bundle = bundle->next) {
        if (strcmp(bundle->path, path) == 0 && cf_bundle_try_retain(bundle)) {
            return bundle;
        }
    }
    return NULL;
}

static void registry_remove(struct cf_bundle *bundle) {
    pthread_mutex_lock(&registry.lock);
    struct cf_bundle **link = &registry.newest;
    while (*link && *link != bundle) {
        link = &(*link)->next;
    }
    if (*link) {
        *link = bundle->next;
        registry.generation++;
    }
    pthread_mutex_unlock(&registry.lock);
}

/* ---- making ------------------------------------------------------------------------------- */

static struct cf_bundle *create(CFAllocatorRef allocator, const char *path, CFURLRef url,
                                bool with_info) {
    struct cf_bundle *bundle = cf_object_create(allocator, &cf_bundle_class, sizeof *bundle);
    if (!bundle) {
        return NULL;
    }
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&bundle->lock, &attributes);
    pthread_mutexattr_destroy(&attributes);

    bundle->path = strdup(path);
    bundle->url = url ? CFRetain(url)
                      : CFURLCreateFromFileSystemRepresentation(NULL, (const UInt8 *)path,
                                                                (CFIndex)strlen(path), true);
    char *contents = cf_bundle_copy_path(bundle, "", NULL);
    bundle->flat = !contents || !is_directory(contents);
    free(contents);
    bundle->load_on_demand = true;
    if (with_info) {
        cf_bundle_read_info(bundle);
    } else {
        bundle->info = CFDictionaryCreate(NULL, NULL, NULL, 0, &kCFTypeDictionaryKeyCallBacks,
                                          &kCFTypeDictionaryValueCallBacks);
    }
    return bundle;
}

CFTypeID CFBundleGetTypeID(void) {
    return CF_TYPE_BUNDLE;
}

CFBundleRef CFBundleCreate(CFAllocatorRef allocator, CFURLRef bundleURL) {
    char given[PATH_MAX], path[PATH_MAX];
    if (!bundleURL ||
        !CFURLGetFileSystemRepresentation(bundleURL, true, (UInt8 *)given, sizeof given) ||
        !realpath(given, path) || !is_directory(path)) {
        return NULL;
    }
    pthread_mutex_lock(&registry.lock);
    struct cf_bundle *found = registry_retain(path);
    pthread_mutex_unlock(&registry.lock);
    if (found) {
        return cf_bundle_ref(found);
    }

    /* Its Info.plist is read without the lock; another thread may be faster. */
    CFURLRef absolute = CFURLCopyAbsoluteURL(bundleURL);
    struct cf_bundle *made = create(allocator, path, absolute, true);
    if (absolute) {
        CFRelease(absolute);
    }
    if (!made) {
        return NULL;
    }
    pthread_mutex_lock(&registry.lock);
    found = registry_retain(path);
    if (!found) {
        made->next = registry.newest;
        registry.newest = made;
        registry.generation++;
    }
    pthread_mutex_unlock(&registry.lock);
    if (found) {
        CFRelease(made);
        return cf_bundle_ref(found);
    }
    return cf_bundle_ref(made);
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

CFArrayRef CFBundleCreateBundlesFromDirectory(CFAllocatorRef allocator, CFURLRef directoryURL,
                                              CFStringRef bundleType) {
    char path[PATH_MAX];
    if (!directoryURL ||
        !CFURLGetFileSystemRepresentation(directoryURL, true, (UInt8 *)path, sizeof path)) {
        return NULL;
    }
    DIR *directory = opendir(path);
    if (!directory) {
        return NULL;
    }
    char *type = bundleType ? cf_string_copy_name(bundleType, NULL) : NULL;
    char **names = NULL;
    size_t count = 0;
    const struct dirent *entry;
    while ((entry = readdir(directory))) {
        const char *dot = strrchr(entry->d_name, '.');
        if (entry->d_name[0] == '.' ||
            (bundleType && (!type || !dot || strcmp(dot + 1, type) != 0))) {
            continue;
        }
        char **grown = realloc(names, (count + 1) * sizeof *names);
        if (!grown) {
            break;
        }
        names = grown;
        names[count++] = strdup(entry->d_name);
    }
    closedir(directory);
    free(type);
    if (count > 1) {
        qsort(names, count, sizeof *names, by_name);
    }

    CFMutableArrayRef bundles = CFArrayCreateMutable(allocator, 0, &kCFTypeArrayCallBacks);
    for (size_t i = 0; i < count; i++) {
        CFStringRef name = CFStringCreateWithFileSystemRepresentation(NULL, names[i]);
        CFURLRef url =
            name ? CFURLCreateCopyAppendingPathComponent(NULL, directoryURL, name, true) : NULL;
        CFBundleRef bundle = url ? CFBundleCreate(allocator, url) : NULL;
        if (bundle) {
            CFArrayAppendValue(bundles, bundle);
            CFRelease(bundle);
        }
        if (url) {
            CFRelease(url);
        }
        if (name) {
            CFRelease(name);
        }
        free(names[i]);
    }
    free(names);
    return bundles;
}

/* ---- finding ------------------------------------------------------------------------------ */

static struct cf_bundle *main_bundle;

static void make_main_bundle(void) {
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    path[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(path, '/');
    if (slash) {
        *slash = '\0';
    }
    /* Not in the live counts: nobody could release it. */
    main_bundle = create(NULL, path[0] ? path : "/", NULL, false);
    cf_object_make_immortal(CFURLGetString(main_bundle->url));
    cf_object_make_immortal(main_bundle->url);
    cf_object_make_immortal(main_bundle->info);
    cf_object_make_immortal(main_bundle);
    pthread_mutex_lock(&registry.lock);
    main_bundle->next = registry.newest;
    registry.newest = main_bundle;
    registry.generation++;
    pthread_mutex_unlock(&registry.lock);
}

CFBundleRef CFBundleGetMainBundle(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_main_bundle);
    return cf_bundle_ref(main_bundle);
}

CFBundleRef CFBundleGetBundleWithIdentifier(CFStringRef bundleID) {
    if (!bundleID || !cf_object_expect(bundleID, &cf_string_class, __func__)) {
        return NULL;
    }
    struct cf_bundle *found = NULL;
    pthread_mutex_lock(&registry.lock);
    for (struct cf_bundle *bundle = registry.newest; bundle; bundle = bundle->next) {
        CFStringRef identifier = cf_bundle_info_string(bundle, kCFBundleIdentifierKey);
        uint32_t references = atomic_load(&bundle->base.refcount);
        bool alive = references > 0 && references != CF_DYING;
        if (alive && identifier && CFEqual(identifier, bundleID)) {
            if (bundle->loaded) {
                found = bundle;
                break;
            }
            found = found ? found : bundle;
        }
    }
    pthread_mutex_unlock(&registry.lock);
    return found ? cf_bundle_ref(found) : NULL;
}

CFArrayRef CFBundleGetAllBundles(void) {
    /* Nobody retains what a Get function returns: so old answers stay, immortal and uncounted. The
     * list of them keeps them reachable for leak checkers. */
    static struct answer {
        struct answer *older;
        CFMutableArrayRef bundles;
        uint64_t generation;
    } * latest;

    pthread_mutex_lock(&registry.lock);
    if (!latest || latest->generation != registry.generation) {
        struct answer *answer = malloc(sizeof *answer);
        if (answer) {
            answer->older = latest;
            answer->bundles = CFArrayCreateMutable(NULL, 0, NULL);
            answer->generation = registry.generation;
            for (struct cf_bundle *bundle = registry.newest; bundle; bundle = bundle->next) {
                CFArrayInsertValueAtIndex(answer->bundles, 0, bundle);
            }
            cf_object_make_immortal(answer->bundles);
            latest = answer;
        }
    }
    CFArrayRef bundles = latest ? latest->bundles : NULL;
    pthread_mutex_unlock(&registry.lock);
    return bundles;
}

CFURLRef CFBundleCopyBundleURL(CFBundleRef object) {
    const struct cf_bundle *bundle = cf_bundle_checked(object, __func__);
    return bundle ? CFRetain(bundle->url) : NULL;
}

/* ---- the class ---------------------------------------------------------------------------- */

static void bundle_finalize(CFTypeRef object) {
    struct cf_bundle *bundle = (struct cf_bundle *)(uintptr_t)object;
    registry_remove(bundle);
    cf_plugin_forget(bundle);
    /* The handle is not closed: see CFBundleUnloadExecutable(). */
    pthread_mutex_destroy(&bundle->lock);
    if (bundle->url) {
        CFRelease(bundle->url);
    }
    CFRelease(bundle->info);
    free(bundle->info_problem);
    free(bundle->path);
}

static CFStringRef bundle_copy_description(CFTypeRef object) {
    const struct cf_bundle *bundle = object;
    CFStringRef text = cf_string_create_printf("CFBundle %p <%s> (%s)", object, bundle->path,
                                               bundle->loaded ? "loaded" : "not loaded");
    return text ? text : cf_string_create_printf("CFBundle %p", object);
}

const struct cf_class cf_bundle_class = {
    .name = "CFBundle",
    .type_id = CF_TYPE_BUNDLE,
    .finalize = bundle_finalize,
    .copy_description = bundle_copy_description,
};
