/* plugin_fixture.c - a small plug-in: a factory that reports how it was called. */
#include "plugin_fixture.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT extern struct fixture_report fixture_report;
struct fixture_report fixture_report = {.magic = FIXTURE_MAGIC};

static CFBundleRef find_own_bundle(void) {
    return CFBundleGetBundleWithIdentifier(CFSTR(FIXTURE_IDENTIFIER));
}

__attribute__((constructor)) static void when_loaded(void) {
    fixture_report.bundle_at_load = find_own_bundle();
}

EXPORT void *fixture_factory(CFAllocatorRef allocator, CFUUIDRef type);
void *fixture_factory(CFAllocatorRef allocator, CFUUIDRef type) {
    fixture_report.factory_calls++;
    fixture_report.allocator = allocator;
    fixture_report.type = CFUUIDGetUUIDBytes(type);
    fixture_report.own_bundle = find_own_bundle();
    return &fixture_report;
}

EXPORT void CFPlugInDynamicRegister(CFPlugInRef plugin);
void CFPlugInDynamicRegister(CFPlugInRef plugin) {
    CFUUIDRef factory = CFUUIDCreateFromString(NULL, CFSTR(FIXTURE_DYNAMIC));
    CFUUIDRef type = CFUUIDCreateFromString(NULL, CFSTR(FIXTURE_TYPE));
    fixture_report.registrations++;
    fixture_report.registered_plugin = plugin;
    CFPlugInRegisterFactoryFunctionByName(factory, plugin, CFSTR("fixture_factory"));
    CFPlugInRegisterPlugInType(factory, type);
    CFRelease(factory);
    CFRelease(type);
}
