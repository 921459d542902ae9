#include "loop_bundle.h"
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

static const char plist[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><plist version=\"1.0\"><dict>"
    "<key>CFBundleExecutable</key><string>Loop</string>"
    "<key>CFPlugInFactories</key><dict><key>6C1D3F1E-0A53-4C27-8B52-6D9B4C7F2A10</key>"
    "<string>Loop_Create</string></dict>"
    "<key>CFPlugInTypes</key><dict><key>443ABAB8-E7B3-491A-B985-BEB9187030DB</key>"
    "<array><string>6C1D3F1E-0A53-4C27-8B52-6D9B4C7F2A10</string></array></dict>";

void loop_bundle_make(const char *path, const char *identifier) {
    char name[512];
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(name, sizeof name, "%s/Contents", path);
    assert_int_equal(mkdir(name, 0700), 0);
    (void)snprintf(name, sizeof name, "%s/Contents/MacOS", path);
    assert_int_equal(symlink(LOOP_DRIVER "/Contents/MacOS", name), 0);
    (void)snprintf(name, sizeof name, "%s/Contents/Info.plist", path);
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    (void)fputs(plist, file);
    if (identifier != NULL) {
        (void)fprintf(file, "<key>CFBundleIdentifier</key><string>%s</string>", identifier);
    }
    (void)fputs("</dict></plist>", file);
    assert_int_equal(fclose(file), 0);
}

void loop_bundle_remove(const char *path) {
    static const char *const parts[] = {"Contents/MacOS", "Contents/Info.plist", "Contents", ""};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char name[512];
        (void)snprintf(name, sizeof name, "%s/%s", path, parts[i]);
        (void)remove(name);
    }
}
