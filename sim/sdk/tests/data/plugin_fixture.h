/* plugin_fixture.h - what the plug-in of the tests exports, and what its Info.plist names. */
#ifndef HALSDK_TESTS_PLUGIN_FIXTURE_H
#define HALSDK_TESTS_PLUGIN_FIXTURE_H

#include <CoreFoundation/CFPlugIn.h>

#define FIXTURE_IDENTIFIER "org.example.fixture"
#define FIXTURE_FACTORY    "6A1F7C1E-0001-4D2B-9C3D-0123456789AB"
#define FIXTURE_TYPE       "6A1F7C1E-0002-4D2B-9C3D-0123456789AB"
#define FIXTURE_DYNAMIC    "6A1F7C1E-0003-4D2B-9C3D-0123456789AB" /* registers itself */

/* Returned by every call of the factory function "fixture_factory"; also the data symbol
 * "fixture_report". */
struct fixture_report {
    int magic; /* FIXTURE_MAGIC */
    int factory_calls;
    CFAllocatorRef allocator;      /* of the last call */
    CFUUIDBytes type;              /* of the last call */
    CFBundleRef own_bundle;        /* by identifier, from within the last call */
    CFBundleRef bundle_at_load;    /* by identifier, from a constructor */
    int registrations;             /* calls of CFPlugInDynamicRegister() */
    CFPlugInRef registered_plugin; /* what CFPlugInDynamicRegister() was called with */
};

enum {
    FIXTURE_MAGIC = 0x46495854
};

#endif
