/* CFPlugIn: factories by type, instances, and registration at run time. */
#define _XOPEN_SOURCE 700 /* nftw() */
#include "data/bundle_fixture.h"
#include "data/plugin_fixture.h"

#include <pthread.h>

#if defined(PLUGIN_FIXTURE)

#define OTHER_FACTORY     "6A1F7C1E-00F1-4D2B-9C3D-0123456789AB"
#define OTHER_TYPE        "6A1F7C1E-00F2-4D2B-9C3D-0123456789AB"

#define FACTORIES(inner_) "<key>CFPlugInFactories</key><dict>" inner_ "</dict>"
#define TYPES(inner_)     "<key>CFPlugInTypes</key><dict>" inner_ "</dict>"
#define TYPE_LIST(type_, factory_)                                                                 \
    "<key>" type_ "</key><array><string>" factory_ "</string></array>"
#define PLUGIN_INFO(...)                                                                           \
    INFO_PLIST(KEY_STRING("CFBundleIdentifier", FIXTURE_IDENTIFIER)                                \
                   KEY_STRING("CFBundleExecutable", "Fixture") __VA_ARGS__)

static const char usual_info[] =
    PLUGIN_INFO(FACTORIES(KEY_STRING(FIXTURE_FACTORY, "fixture_factory"))
                    TYPES(TYPE_LIST(FIXTURE_TYPE, FIXTURE_FACTORY)));

static CFPlugInRef open_plugin(const char *name, const char *info) {
    char path[128];
    snprintf(path, sizeof path, "%s/Contents/Info.plist", name);
    write_text(path, info);
    snprintf(path, sizeof path, "%s/Contents/MacOS/Fixture", name);
    copy_file(PLUGIN_FIXTURE, path, 16u << 20);
    CFURLRef url = url_in_root(name);
    CFPlugInRef plugin = CFPlugInCreate(NULL, url);
    CFRelease(url);
    assert_non_null(plugin);
    return plugin;
}

static CFUUIDRef uuid(const char *text) {
    CFStringRef string = CFStringCreateWithCString(NULL, text, kCFStringEncodingASCII);
    CFUUIDRef result = CFUUIDCreateFromString(NULL, string);
    CFRelease(string);
    assert_non_null(result);
    return result;
}

/* "F1 F2": the factories of a type (in a plug-in, if not NULL) as the second group of their UUIDs.
 */
static const char *factories_of(const char *type_text, CFPlugInRef plugin) {
    static char found[256];
    CFUUIDRef type = uuid(type_text);
    CFArrayRef factories = plugin ? CFPlugInFindFactoriesForPlugInTypeInPlugIn(type, plugin)
                                  : CFPlugInFindFactoriesForPlugInType(type);
    assert_non_null(factories);
    found[0] = '\0';
    for (CFIndex i = 0; i < CFArrayGetCount(factories); i++) {
        CFUUIDBytes bytes = CFUUIDGetUUIDBytes(CFArrayGetValueAtIndex(factories, i));
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s%02X%02X", i ? " " : "",
                 bytes.byte4, bytes.byte5);
    }
    CFRelease(factories);
    CFRelease(type);
    return found;
}

static void *create(const char *factory_text, const char *type_text) {
    CFUUIDRef factory = uuid(factory_text), type = uuid(type_text);
    void *instance = CFPlugInInstanceCreate(NULL, factory, type);
    CFRelease(factory);
    CFRelease(type);
    return instance;
}

/* Calls one of the functions that take a factory and a type. */
static bool with_two(Boolean (*function)(CFUUIDRef, CFUUIDRef), const char *a, const char *b) {
    CFUUIDRef first = uuid(a), second = uuid(b);
    bool ok = function(first, second);
    CFRelease(first);
    CFRelease(second);
    return ok;
}

static bool unregister(const char *text) {
    CFUUIDRef factory = uuid(text);
    bool ok = CFPlugInUnregisterFactory(factory);
    CFRelease(factory);
    return ok;
}

static void count_instance(void (*function)(CFUUIDRef), const char *text) {
    CFUUIDRef factory = uuid(text);
    function(factory);
    CFRelease(factory);
}

/* ---- from Info.plist ---------------------------------------------------------------------- */

static void an_instance_is_made_by_the_factory_of_its_type(void **state) {
    (void)state;
    CFPlugInRef plugin = open_plugin("F.driver", usual_info);
    assert_ptr_equal(CFPlugInGetBundle(plugin), plugin);
    assert_ptr_equal(CFBundleGetPlugIn(plugin), plugin);
    assert_string_equal(factories_of(FIXTURE_TYPE, NULL), "0001");
    assert_false(CFBundleIsExecutableLoaded(plugin)); /* only on demand */

    CFUUIDRef factory = uuid(FIXTURE_FACTORY), type = uuid(FIXTURE_TYPE);
    struct fixture_report *report =
        CFPlugInInstanceCreate(kCFAllocatorSystemDefault, factory, type);
    assert_non_null(report);
    assert_int_equal(report->magic, FIXTURE_MAGIC);
    assert_int_equal(report->factory_calls, 1);
    assert_ptr_equal(report->allocator, kCFAllocatorSystemDefault);
    CFUUIDBytes bytes = CFUUIDGetUUIDBytes(type);
    assert_memory_equal(&report->type, &bytes, sizeof bytes);
    assert_ptr_equal(report->own_bundle, plugin);
    assert_ptr_equal(CFPlugInInstanceCreate(NULL, factory, type), report);
    assert_null(report->allocator);
    assert_int_equal(report->factory_calls, 2);
    assert_true(CFBundleIsExecutableLoaded(plugin));
    assert_int_equal(CFGetRetainCount(plugin), 1);
    CFRelease(factory);
    CFRelease(type);
    CFRelease(plugin);
}

static void a_type_may_name_its_factory_as_a_string(void **state) {
    (void)state;
    CFPlugInRef plugin = open_plugin(
        "F.driver", PLUGIN_INFO(FACTORIES(KEY_STRING(FIXTURE_FACTORY, "fixture_factory"))
                                    TYPES(KEY_STRING(FIXTURE_TYPE, FIXTURE_FACTORY))));
    assert_string_equal(factories_of(FIXTURE_TYPE, NULL), "0001");
    assert_non_null(create(FIXTURE_FACTORY, FIXTURE_TYPE));
    CFRelease(plugin);
}

static void uuids_compare_without_case(void **state) {
    (void)state;
    CFPlugInRef plugin = open_plugin(
        "F.driver",
        PLUGIN_INFO(FACTORIES(KEY_STRING("6a1f7c1e-0001-4d2b-9c3d-0123456789ab", "fixture_factory"))
                        TYPES(TYPE_LIST("6a1f7C1E-0002-4d2b-9c3d-0123456789Ab",
                                        "6A1F7C1E-0001-4D2B-9C3D-0123456789aB"))));
    assert_string_equal(factories_of(FIXTURE_TYPE, NULL), "0001");
    assert_non_null(create(FIXTURE_FACTORY, FIXTURE_TYPE));
    CFRelease(plugin);
}

static void several_types_and_factories_stay_in_order(void **state) {
    (void)state;
    CFPlugInRef plugin = open_plugin(
        "F.driver",
        PLUGIN_INFO(FACTORIES(KEY_STRING(OTHER_FACTORY, "fixture_factory")
                                  KEY_STRING(FIXTURE_FACTORY, "fixture_factory"))
                        TYPES("<key>" FIXTURE_TYPE "</key><array><string>" FIXTURE_FACTORY
                              "</string><string>" OTHER_FACTORY "</string><string>" FIXTURE_FACTORY
                              "</string></array>" TYPE_LIST(OTHER_TYPE, OTHER_FACTORY))));
    assert_string_equal(factories_of(FIXTURE_TYPE, NULL), "00F1 0001");
    assert_string_equal(factories_of(OTHER_TYPE, NULL), "00F1");
    assert_string_equal(factories_of(OTHER_TYPE, plugin), "00F1");
    assert_non_null(create(OTHER_FACTORY, OTHER_TYPE));
    assert_null(create(FIXTURE_FACTORY, OTHER_TYPE)); /* not of that type */
    CFRelease(plugin);
}

static void malformed_entries_are_skipped(void **state) {
    (void)state;
    static const char *const infos[] = {
        PLUGIN_INFO("<key>CFPlugInTypes</key><string>x</string>"
                    "<key>CFPlugInFactories</key><array/>"),
        PLUGIN_INFO(FACTORIES("<key>" FIXTURE_FACTORY "</key><integer>1</integer>")
                        TYPES(TYPE_LIST(FIXTURE_TYPE, FIXTURE_FACTORY))),
        PLUGIN_INFO(FACTORIES(KEY_STRING("no uuid", "fixture_factory"))
                        TYPES(TYPE_LIST("neither", "no uuid"))),
        PLUGIN_INFO(FACTORIES(KEY_STRING(FIXTURE_FACTORY, "fixture_factory")) TYPES(
            "<key>" FIXTURE_TYPE "</key><dict/>" TYPE_LIST("x", FIXTURE_FACTORY))),
        PLUGIN_INFO(FACTORIES(KEY_STRING(FIXTURE_FACTORY, "fixture_factory"))
                        TYPES("<key>" FIXTURE_TYPE "</key><array><integer>1</integer><array/>"
                              "<string>x</string><string>" OTHER_FACTORY "</string></array>")),
        PLUGIN_INFO(FACTORIES(
            KEY_STRING(FIXTURE_FACTORY,
                       "fixture_factory")) "<key>CFPlugInTypes</key><array><string>" FIXTURE_TYPE
                                           "</string></array>"),
        "<plist><array/></plist>",
        "not a property list",
    };
    for (size_t i = 0; i < sizeof infos / sizeof *infos; i++) {
        CFPlugInRef plugin = open_plugin("F.driver", infos[i]);
        assert_string_equal(factories_of(FIXTURE_TYPE, NULL), "");
        assert_null(create(FIXTURE_FACTORY, FIXTURE_TYPE));
        CFRelease(plugin);
    }
    /* One good entry among bad ones counts. */
    CFPlugInRef plugin = open_plugin(
        "F.driver",
        PLUGIN_INFO(FACTORIES(KEY_STRING("x", "y") KEY_STRING(FIXTURE_FACTORY, "fixture_factory"))
                        TYPES("<key>" FIXTURE_TYPE "</key><array><true/><string>" FIXTURE_FACTORY
                              "</string></array>")));
    assert_string_equal(factories_of(FIXTURE_TYPE, NULL), "0001");
    CFRelease(plugin);
}

static void a_factory_that_is_not_there_makes_nothing(void **state) {
    (void)state;
    assert_null(create(FIXTURE_FACTORY, FIXTURE_TYPE)); /* no plug-in at all */
    CFPlugInRef plugin = open_plugin(
        "F.driver", PLUGIN_INFO(FACTORIES(KEY_STRING(FIXTURE_FACTORY, "no_such_function"))
                                    TYPES(TYPE_LIST(FIXTURE_TYPE, FIXTURE_FACTORY))));
    assert_null(create(FIXTURE_FACTORY, FIXTURE_TYPE));
    assert_null(create(OTHER_FACTORY, FIXTURE_TYPE));
    CFRelease(plugin);
    plugin = open_plugin("G.driver", usual_info);
    write_text("G.driver/Contents/MacOS/Fixture", "#!/bin/sh");
    assert_null(create(FIXTURE_FACTORY, FIXTURE_TYPE));
    CFRelease(plugin);
}

static void factories_go_with_their_plugin(void **state) {
    (void)state;
    CFPlugInRef plugin = open_plugin("F.driver", usual_info);
    CFPlugInRef again = open_plugin("F.driver", usual_info);
    assert_ptr_equal(again, plugin);
    assert_string_equal(factories_of(FIXTURE_TYPE, NULL), "0001"); /* registered once */
    CFRelease(again);
    assert_string_equal(factories_of(FIXTURE_TYPE, NULL), "0001");
    CFRelease(plugin);
    assert_string_equal(factories_of(FIXTURE_TYPE, NULL), "");
}

static void of_two_plugins_with_one_factory_the_first_keeps_it(void **state) {
    (void)state;
    CFPlugInRef first = open_plugin("A.driver", usual_info);
    CFPlugInRef second = open_plugin("B.driver", usual_info);
    assert_string_equal(factories_of(FIXTURE_TYPE, NULL), "0001");
    assert_string_equal(factories_of(FIXTURE_TYPE, first), "0001");
    assert_string_equal(factories_of(FIXTURE_TYPE, second), "");
    CFRelease(second);
    assert_string_equal(factories_of(FIXTURE_TYPE, NULL), "0001");
    CFRelease(first);
}

static void a_plugin_gives_types_only_to_factories_of_its_own(void **state) {
    (void)state;
    CFPlugInRef first = open_plugin("A.driver", usual_info);
    CFPlugInRef second =
        open_plugin("B.driver", PLUGIN_INFO(TYPES(TYPE_LIST(OTHER_TYPE, FIXTURE_FACTORY))));
    assert_string_equal(factories_of(OTHER_TYPE, NULL), "");
    CFRelease(second);
    CFRelease(first);
}

static void a_bundle_is_no_plugin_until_it_is_made_one(void **state) {
    (void)state;
    write_text("F.driver/Contents/Info.plist", usual_info);
    CFBundleRef bundle = open_bundle("F.driver");
    assert_null(CFBundleGetPlugIn(bundle));
    assert_string_equal(factories_of(FIXTURE_TYPE, NULL), "");
    CFPlugInRef plugin = open_plugin("F.driver", usual_info);
    assert_ptr_equal(plugin, bundle);
    assert_string_equal(factories_of(FIXTURE_TYPE, NULL), "0001");
    CFRelease(plugin);
    CFRelease(bundle);
    CFURLRef url = url_in_root("absent.driver");
    assert_null(CFPlugInCreate(NULL, url));
    CFRelease(url);
}

/* ---- at run time -------------------------------------------------------------------------- */

static int made_here;

static void *make_here(CFAllocatorRef allocator, CFUUIDRef type) {
    (void)allocator, (void)type;
    made_here++;
    return &made_here;
}

static void a_function_can_be_a_factory(void **state) {
    (void)state;
    CFUUIDRef factory = uuid(OTHER_FACTORY);
    made_here = 0;
    assert_true(CFPlugInRegisterFactoryFunction(factory, make_here));
    assert_false(CFPlugInRegisterFactoryFunction(factory, make_here)); /* taken */
    assert_null(create(OTHER_FACTORY, OTHER_TYPE));                    /* of no type yet */
    assert_true(with_two(CFPlugInRegisterPlugInType, OTHER_FACTORY, OTHER_TYPE));
    assert_true(with_two(CFPlugInRegisterPlugInType, OTHER_FACTORY, OTHER_TYPE));
    assert_true(with_two(CFPlugInRegisterPlugInType, OTHER_FACTORY, FIXTURE_TYPE));
    assert_string_equal(factories_of(OTHER_TYPE, NULL), "00F1");
    assert_ptr_equal(create(OTHER_FACTORY, OTHER_TYPE), &made_here);
    assert_int_equal(made_here, 1);
    assert_true(with_two(CFPlugInUnregisterPlugInType, OTHER_FACTORY, OTHER_TYPE));
    assert_false(with_two(CFPlugInUnregisterPlugInType, OTHER_FACTORY, OTHER_TYPE));
    assert_null(create(OTHER_FACTORY, OTHER_TYPE));
    assert_ptr_equal(create(OTHER_FACTORY, FIXTURE_TYPE), &made_here);
    assert_true(unregister(OTHER_FACTORY));
    assert_false(unregister(OTHER_FACTORY));
    assert_false(with_two(CFPlugInRegisterPlugInType, OTHER_FACTORY, OTHER_TYPE));
    assert_null(create(OTHER_FACTORY, FIXTURE_TYPE));
    assert_false(CFPlugInRegisterFactoryFunction(factory, NULL));
    CFRelease(factory);
}

static void a_factory_can_be_registered_by_name(void **state) {
    (void)state;
    CFPlugInRef plugin = open_plugin("F.driver", PLUGIN_INFO(""));
    CFUUIDRef factory = uuid(OTHER_FACTORY);
    assert_true(CFPlugInRegisterFactoryFunctionByName(factory, plugin, CFSTR("fixture_factory")));
    assert_false(CFPlugInRegisterFactoryFunctionByName(factory, plugin, CFSTR("fixture_factory")));
    assert_true(with_two(CFPlugInRegisterPlugInType, OTHER_FACTORY, OTHER_TYPE));
    assert_string_equal(factories_of(OTHER_TYPE, plugin), "00F1");
    struct fixture_report *report = create(OTHER_FACTORY, OTHER_TYPE);
    assert_int_equal(report->magic, FIXTURE_MAGIC);
    CFRelease(factory);
    CFRelease(plugin);
    assert_string_equal(factories_of(OTHER_TYPE, NULL), "");
}

static void a_plugin_may_register_itself(void **state) {
    (void)state;
    static const char *const yes[] = {"<string>YES</string>", "<true/>", "<string>yes</string>"};
    static const char *const no[] = {"<string>NO</string>", "<false/>", "<integer>1</integer>"};
    char info[2048];
    for (int i = 0; i < 6; i++) {
        snprintf(info, sizeof info, PLUGIN_INFO("<key>CFPlugInDynamicRegistration</key>%s"),
                 i < 3 ? yes[i] : no[i - 3]);
        CFPlugInRef plugin = open_plugin("F.driver", info);
        assert_int_equal(CFBundleIsExecutableLoaded(plugin), i < 3);
        assert_int_equal(CFPlugInIsLoadOnDemand(plugin), i >= 3);
        assert_string_equal(factories_of(FIXTURE_TYPE, NULL), i < 3 ? "0003" : "");
        if (i < 3) {
            struct fixture_report *report = create(FIXTURE_DYNAMIC, FIXTURE_TYPE);
            assert_ptr_equal(report->registered_plugin, plugin);
            CFRelease(open_plugin("F.driver", info));
            /* Not by the second creation; the code is that of the first round. */
            assert_int_equal(report->registrations, i + 1);
        }
        CFRelease(plugin);
    }
    CFPlugInRef plugin = open_plugin(
        "G.driver", PLUGIN_INFO("<key>CFPlugInDynamicRegistration</key><true/>"
                                "<key>CFPlugInDynamicRegisterFunction</key><string>none</string>"));
    assert_string_equal(factories_of(FIXTURE_TYPE, NULL), "");
    CFRelease(plugin);
}

static void loading_can_be_had_before_the_demand(void **state) {
    (void)state;
    CFPlugInRef plugin = open_plugin("F.driver", usual_info);
    assert_true(CFPlugInIsLoadOnDemand(plugin));
    CFPlugInSetLoadOnDemand(plugin, false);
    assert_false(CFPlugInIsLoadOnDemand(plugin));
    assert_true(CFBundleIsExecutableLoaded(plugin));
    CFPlugInSetLoadOnDemand(plugin, true);
    assert_true(CFPlugInIsLoadOnDemand(plugin));
    CFRelease(plugin);
}

/* ---- instances ---------------------------------------------------------------------------- */

static void instances_keep_their_plugin_alive(void **state) {
    (void)state;
    CFPlugInRef plugin = open_plugin("F.driver", usual_info);
    count_instance(CFPlugInAddInstanceForFactory, FIXTURE_FACTORY);
    count_instance(CFPlugInAddInstanceForFactory, FIXTURE_FACTORY);
    assert_int_equal(CFGetRetainCount(plugin), 3);
    count_instance(CFPlugInRemoveInstanceForFactory, FIXTURE_FACTORY);
    CFRelease(plugin);
    assert_string_equal(factories_of(FIXTURE_TYPE, NULL), "0001");
    count_instance(CFPlugInRemoveInstanceForFactory, FIXTURE_FACTORY);
    assert_string_equal(factories_of(FIXTURE_TYPE, NULL), "");
}

static void an_unregistered_factory_waits_for_its_instances(void **state) {
    (void)state;
    CFPlugInRef plugin = open_plugin("F.driver", usual_info);
    count_instance(CFPlugInAddInstanceForFactory, FIXTURE_FACTORY);
    assert_true(unregister(FIXTURE_FACTORY));
    assert_string_equal(factories_of(FIXTURE_TYPE, NULL), "");
    assert_null(create(FIXTURE_FACTORY, FIXTURE_TYPE));
    CFRelease(plugin);
    assert_ptr_equal(CFBundleGetBundleWithIdentifier(CFSTR(FIXTURE_IDENTIFIER)), plugin);
    count_instance(CFPlugInRemoveInstanceForFactory, FIXTURE_FACTORY);
    assert_null(CFBundleGetBundleWithIdentifier(CFSTR(FIXTURE_IDENTIFIER)));
}

static void the_uuid_of_an_unregistered_factory_is_free_after_its_last_instance(void **state) {
    (void)state;
    CFUUIDRef factory = uuid(OTHER_FACTORY);
    assert_true(CFPlugInRegisterFactoryFunction(factory, make_here));
    CFPlugInAddInstanceForFactory(factory);
    assert_true(CFPlugInUnregisterFactory(factory));
    assert_false(CFPlugInRegisterFactoryFunction(factory, make_here));
    CFPlugInRemoveInstanceForFactory(factory);
    assert_true(CFPlugInRegisterFactoryFunction(factory, make_here));
    assert_true(CFPlugInUnregisterFactory(factory));
    CFRelease(factory);
}

static void removing_more_instances_than_were_added_is_a_fault(void **state) {
    (void)state;
    CFPlugInRef plugin = open_plugin("F.driver", usual_info);
    count_instance(CFPlugInRemoveInstanceForFactory, FIXTURE_FACTORY);
    assert_fault("CFPlugInRemoveInstanceForFactory: more instances were removed than added");
    count_instance(CFPlugInRemoveInstanceForFactory, OTHER_FACTORY); /* unknown: nothing happens */
    count_instance(CFPlugInAddInstanceForFactory, OTHER_FACTORY);
    assert_int_equal(CFGetRetainCount(plugin), 1);
    CFRelease(plugin);
    assert_null(CFPlugInInstanceCreate(NULL, NULL, NULL));
    assert_fault("CFPlugInInstanceCreate: the object is NULL");
}

/* ---- threads ------------------------------------------------------------------------------ */

static void *use_registry(void *number) {
    char text[64];
    snprintf(text, sizeof text, "6A1F7C1E-%04X-4D2B-9C3D-0123456789AB",
             0xE000u + (unsigned)(uintptr_t)number);
    CFUUIDRef factory = uuid(text), type = uuid(FIXTURE_TYPE), usual = uuid(FIXTURE_FACTORY);
    void *problem = NULL;
    for (int i = 0; i < 300 && !problem; i++) {
        if (!CFPlugInRegisterFactoryFunction(factory, make_here) ||
            !CFPlugInRegisterPlugInType(factory, type)) {
            problem = "not registered";
        }
        CFPlugInAddInstanceForFactory(usual);
        CFArrayRef factories = CFPlugInFindFactoriesForPlugInType(type);
        CFRange all = CFRangeMake(0, CFArrayGetCount(factories));
        if (!CFArrayContainsValue(factories, all, factory)) {
            problem = "not found";
        }
        CFRelease(factories);
        if (!CFPlugInUnregisterFactory(factory)) {
            problem = "not unregistered";
        }
        CFPlugInRemoveInstanceForFactory(usual);
    }
    CFRelease(factory);
    CFRelease(type);
    CFRelease(usual);
    return problem;
}

static void threads_may_use_the_registry(void **state) {
    (void)state;
    CFPlugInRef plugin = open_plugin("F.driver", usual_info);
    pthread_t threads[4];
    for (uintptr_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, use_registry, (void *)i), 0);
    }
    for (int i = 0; i < 4; i++) {
        void *problem;
        pthread_join(threads[i], &problem);
        if (problem) {
            fail_msg("a factory was %s", (const char *)problem);
        }
    }
    assert_string_equal(factories_of(FIXTURE_TYPE, NULL), "0001");
    assert_int_equal(CFGetRetainCount(plugin), 1);
    CFRelease(plugin);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BUNDLE_TEST(an_instance_is_made_by_the_factory_of_its_type),
        BUNDLE_TEST(a_type_may_name_its_factory_as_a_string),
        BUNDLE_TEST(uuids_compare_without_case),
        BUNDLE_TEST(several_types_and_factories_stay_in_order),
        BUNDLE_TEST(malformed_entries_are_skipped),
        BUNDLE_TEST(a_factory_that_is_not_there_makes_nothing),
        BUNDLE_TEST(factories_go_with_their_plugin),
        BUNDLE_TEST(of_two_plugins_with_one_factory_the_first_keeps_it),
        BUNDLE_TEST(a_plugin_gives_types_only_to_factories_of_its_own),
        BUNDLE_TEST(a_bundle_is_no_plugin_until_it_is_made_one),
        BUNDLE_TEST(a_function_can_be_a_factory),
        BUNDLE_TEST(a_factory_can_be_registered_by_name),
        BUNDLE_TEST(a_plugin_may_register_itself),
        BUNDLE_TEST(loading_can_be_had_before_the_demand),
        BUNDLE_TEST(instances_keep_their_plugin_alive),
        BUNDLE_TEST(an_unregistered_factory_waits_for_its_instances),
        BUNDLE_TEST(the_uuid_of_an_unregistered_factory_is_free_after_its_last_instance),
        BUNDLE_TEST(removing_more_instances_than_were_added_is_a_fault),
        BUNDLE_TEST(threads_may_use_the_registry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

#include "data/no_fixture.h"

#endif
