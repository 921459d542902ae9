/* bundle_fixture.h - a temporary directory in which a test builds its bundles. */
#ifndef HALSDK_TESTS_BUNDLE_FIXTURE_H
#define HALSDK_TESTS_BUNDLE_FIXTURE_H

#include "../cf_test.h"

#include <CoreFoundation/CFBundle.h>
#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#define INFO_PLIST(...)                                                                            \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict>\n" __VA_ARGS__      \
    "\n</dict></plist>\n"
#define KEY_STRING(key_, value_) "<key>" key_ "</key><string>" value_ "</string>\n"

static char root[PATH_MAX]; /* of this test; without links in it */

static char *in_root(const char *name) {
    static _Thread_local char path[2 * PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

/* Creates the directories above it, too. */
static void write_bytes(const char *name, const void *bytes, size_t length) {
    char path[2 * PATH_MAX];
    snprintf(path, sizeof path, "%s", in_root(name));
    for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(path, 0777);
        *slash = '/';
    }
    if (path[strlen(path) - 1] == '/') {
        return; /* only the directory */
    }
    unlink(path); /* code of the old file may be mapped, and in use */
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static inline void write_text(const char *name, const char *text) {
    write_bytes(name, text, strlen(text));
}

static inline void make_directory(const char *name_with_slash) {
    write_bytes(name_with_slash, NULL, 0);
}

/* At most `limit` bytes of a file: a copy, as a linked file would be the same to dlopen(). */
static inline void copy_file(const char *from, const char *name, size_t limit) {
    FILE *file = fopen(from, "rb");
    assert_non_null(file);
    char *bytes = malloc(limit);
    size_t length = fread(bytes, 1, limit, file);
    fclose(file);
    write_bytes(name, bytes, length);
    free(bytes);
}

static inline CFURLRef url_in_root(const char *name) {
    const char *path = in_root(name);
    return CFURLCreateFromFileSystemRepresentation(NULL, (const UInt8 *)path, (CFIndex)strlen(path),
                                                   true);
}

static inline CFBundleRef open_bundle(const char *name) {
    CFURLRef url = url_in_root(name);
    CFBundleRef bundle = CFBundleCreate(NULL, url);
    CFRelease(url);
    return bundle;
}

/* The path of a URL, released. */
static inline const char *path_of(CFURLRef owned) {
    static char path[PATH_MAX];
    assert_non_null(owned);
    assert_true(CFURLGetFileSystemRepresentation(owned, true, (UInt8 *)path, sizeof path));
    CFRelease(owned);
    return path;
}

static int make_root(void **state) {
    (void)state;
    const char *base = getenv("TMPDIR");
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/halsdk-XXXXXX", base && base[0] ? base : P_tmpdir);
    return mkdtemp(path) && realpath(path, root) ? cf_test_setup(state) : -1;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where) {
    (void)status, (void)type, (void)where;
    return remove(path);
}

static int remove_root(void **state) {
    int result = cf_test_teardown(state);
    return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 ? result : -1;
}

#define BUNDLE_TEST(function_) cmocka_unit_test_setup_teardown(function_, make_root, remove_root)

#endif
