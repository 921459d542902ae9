/* CFBundle: finding bundles, their information and their resources. */
#define _XOPEN_SOURCE 700 /* nftw() */
#include "data/bundle_fixture.h"

#include <CoreFoundation/CFNumber.h>
#include <CoreFoundation/CFPropertyList.h>
#include <pthread.h>

static const char plain_info[] = INFO_PLIST(
    KEY_STRING("CFBundleIdentifier", "org.example.plain") KEY_STRING("CFBundleName", "Plain")
        KEY_STRING("CFBundleVersion", "1.2.3b4") KEY_STRING("CFBundlePackageType", "APPL")
            KEY_STRING("CFBundleSignature", "Gr\xC3\xBC\xC3\x9F") KEY_STRING(
                "CFBundleDevelopmentRegion", "fr") "<key>Number</key><integer>5</integer>");

static CFBundleRef open_plain(void) {
    write_text("Plain.driver/Contents/Info.plist", plain_info);
    CFBundleRef bundle = open_bundle("Plain.driver");
    assert_non_null(bundle);
    return bundle;
}

/* ---- information -------------------------------------------------------------------------- */

static void a_bundle_tells_what_its_info_plist_says(void **state) {
    (void)state;
    CFBundleRef bundle = open_plain();
    assert_text(CFBundleGetIdentifier(bundle), "org.example.plain");
    assert_text(CFBundleGetDevelopmentRegion(bundle), "fr");
    assert_text(CFBundleGetValueForInfoDictionaryKey(bundle, kCFBundleNameKey), "Plain");
    assert_null(CFBundleGetValueForInfoDictionaryKey(bundle, CFSTR("Nothing")));
    assert_int_equal(CFDictionaryGetCount(CFBundleGetInfoDictionary(bundle)), 7);
    int number = 0;
    CFNumberGetValue(CFBundleGetValueForInfoDictionaryKey(bundle, CFSTR("Number")),
                     kCFNumberIntType, &number);
    assert_int_equal(number, 5);
    assert_int_equal(CFBundleGetVersionNumber(bundle), 0x01236004);
    UInt32 type = 0, creator = 0;
    CFBundleGetPackageInfo(bundle, &type, &creator);
    assert_int_equal(type, 0x4150504C);    /* 'APPL' */
    assert_int_equal(creator, 0x47729FA7); /* MacRoman */
    assert_int_equal(CFGetTypeID(bundle), CFBundleGetTypeID());
    assert_string_equal(path_of(CFBundleCopyBundleURL(bundle)), in_root("Plain.driver"));
    CFRelease(bundle);
}

static void versions_become_numbers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        UInt32 number;
    } cases[] = {
        {"1", 0x01008000},
        {"1.0", 0x01008000},
        {"12.3.4", 0x12348000},
        {"2.1d7", 0x02102007},
        {"2.1a255", 0x021040FF},
        {"3f2", 0x03008002},
        {"", 0},
        {"x", 0},
        {"1.", 0},
        {"100", 0},
        {"1.10", 0},
        {"1.2.3.4", 0},
        {"1b256", 0},
        {"1b", 0},
        {"1b4x", 0},
        {"1 ", 0},
        {"99999999999999999999999999", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char info[512], name[32];
        snprintf(name, sizeof name, "V%zu.bundle", i);
        snprintf(info, sizeof info, INFO_PLIST(KEY_STRING("CFBundleVersion", "%s")), cases[i].text);
        char path[64];
        snprintf(path, sizeof path, "%s/Contents/Info.plist", name);
        write_text(path, info);
        CFBundleRef bundle = open_bundle(name);
        assert_int_equal(CFBundleGetVersionNumber(bundle), cases[i].number);
        CFRelease(bundle);
    }
}

static void without_package_info_it_is_a_bundle_of_nobody(void **state) {
    (void)state;
    UInt32 type = 0, creator = 0;
    write_text("B.driver/Contents/Info.plist", INFO_PLIST(KEY_STRING("CFBundlePackageType", "X")));
    CFBundleRef bundle = open_bundle("B.driver");
    CFBundleGetPackageInfo(bundle, &type, &creator);
    assert_int_equal(type, 0x424E444C);    /* 'BNDL' */
    assert_int_equal(creator, 0x3F3F3F3F); /* '????' */
    CFBundleGetPackageInfo(bundle, NULL, NULL);
    CFRelease(bundle);
}

static void values_of_the_wrong_type_are_no_identifier(void **state) {
    (void)state;
    write_text(
        "B.driver/Contents/Info.plist",
        INFO_PLIST("<key>CFBundleIdentifier</key><array/><key>CFBundleVersion</key><true/>"));
    CFBundleRef bundle = open_bundle("B.driver");
    assert_null(CFBundleGetIdentifier(bundle));
    assert_int_equal(CFBundleGetVersionNumber(bundle), 0);
    CFRelease(bundle);
}

static void a_binary_info_plist_is_read(void **state) {
    (void)state;
    const void *keys[] = {kCFBundleIdentifierKey}, *values[] = {CFSTR("org.example.binary")};
    CFDictionaryRef info = CFDictionaryCreate(NULL, keys, values, 1, &kCFTypeDictionaryKeyCallBacks,
                                              &kCFTypeDictionaryValueCallBacks);
    CFDataRef data =
        CFPropertyListCreateData(NULL, info, kCFPropertyListBinaryFormat_v1_0, 0, NULL);
    write_bytes("B.driver/Contents/Info.plist", CFDataGetBytePtr(data),
                (size_t)CFDataGetLength(data));
    CFBundleRef bundle = open_bundle("B.driver");
    assert_text(CFBundleGetIdentifier(bundle), "org.example.binary");
    CFRelease(bundle);
    CFRelease(data);
    CFRelease(info);
}

static void a_flat_bundle_is_read(void **state) {
    (void)state;
    write_text("Flat.bundle/Info.plist", plain_info);
    write_text("Flat.bundle/data.txt", "x");
    CFBundleRef bundle = open_bundle("Flat.bundle");
    assert_text(CFBundleGetIdentifier(bundle), "org.example.plain");
    assert_string_equal(path_of(CFBundleCopyResourceURL(bundle, CFSTR("data"), CFSTR("txt"), NULL)),
                        in_root("Flat.bundle/data.txt"));
    CFRelease(bundle);
}

static void without_a_directory_there_is_no_bundle(void **state) {
    (void)state;
    write_text("file", "x");
    assert_null(open_bundle("absent.driver"));
    assert_null(open_bundle("file"));
    assert_null(CFBundleCreate(NULL, NULL));
    CFURLRef web = CFURLCreateWithString(NULL, CFSTR("http://example.com/"), NULL);
    assert_null(CFBundleCreate(NULL, web));
    CFRelease(web);
}

/* ---- the registry ------------------------------------------------------------------------- */

static void a_directory_has_one_bundle(void **state) {
    (void)state;
    CFBundleRef bundle = open_plain();
    assert_int_equal(symlink("Plain.driver", in_root("Link.driver")), 0);
    const char *const names[] = {"Plain.driver", "Plain.driver/", "./Plain.driver", "Link.driver",
                                 "Plain.driver/Contents/.."};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        CFBundleRef again = open_bundle(names[i]);
        assert_ptr_equal(again, bundle);
        CFRelease(again);
    }
    CFRelease(bundle);
}

static void a_bundle_that_is_gone_is_read_anew(void **state) {
    (void)state;
    CFRelease(open_plain());
    write_text("Plain.driver/Contents/Info.plist",
               INFO_PLIST(KEY_STRING("CFBundleIdentifier", "org.example.other")));
    CFBundleRef bundle = open_bundle("Plain.driver");
    assert_text(CFBundleGetIdentifier(bundle), "org.example.other");
    CFRelease(bundle);
}

static void a_bundle_is_found_by_identifier_while_it_lives(void **state) {
    (void)state;
    assert_null(CFBundleGetBundleWithIdentifier(CFSTR("org.example.plain")));
    CFBundleRef bundle = open_plain();
    assert_ptr_equal(CFBundleGetBundleWithIdentifier(CFSTR("org.example.plain")), bundle);
    assert_null(CFBundleGetBundleWithIdentifier(CFSTR("ORG.example.plain")));
    assert_int_equal(CFGetRetainCount(bundle), 1); /* borrowed */
    CFRelease(bundle);
    assert_null(CFBundleGetBundleWithIdentifier(CFSTR("org.example.plain")));
    assert_null(CFBundleGetBundleWithIdentifier(NULL));
}

static void of_two_with_one_identifier_the_newer_is_found(void **state) {
    (void)state;
    write_text("New.driver/Contents/Info.plist", plain_info);
    CFBundleRef old = open_plain(), new = open_bundle("New.driver");
    assert_ptr_equal(CFBundleGetBundleWithIdentifier(CFSTR("org.example.plain")), new);
    CFRelease(new);
    assert_ptr_equal(CFBundleGetBundleWithIdentifier(CFSTR("org.example.plain")), old);
    CFRelease(old);
}

static bool lists(CFArrayRef array, const void *value) {
    return CFArrayContainsValue(array, CFRangeMake(0, CFArrayGetCount(array)), value);
}

static void all_bundles_are_listed(void **state) {
    (void)state;
    CFBundleRef bundle = open_plain();
    CFArrayRef before = CFBundleGetAllBundles();
    assert_true(lists(before, bundle));
    assert_ptr_equal(CFBundleGetAllBundles(), before); /* nothing changed */
    CFRelease(bundle);
    assert_false(lists(CFBundleGetAllBundles(), bundle));
}

static void the_main_bundle_is_where_the_program_is(void **state) {
    (void)state;
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    assert_true(length > 0);
    program[length] = '\0';
    *strrchr(program, '/') = '\0';
    CFBundleRef bundle = CFBundleGetMainBundle();
    assert_ptr_equal(CFBundleGetMainBundle(), bundle);
    assert_string_equal(path_of(CFBundleCopyBundleURL(bundle)), program);
    assert_null(CFBundleGetIdentifier(bundle));
    CFRelease(CFRetain(bundle)); /* lives for ever, uncounted */
    assert_true(lists(CFBundleGetAllBundles(), bundle));
}

static void a_directory_of_bundles_is_read_by_name(void **state) {
    (void)state;
    make_directory("HAL/B.driver/");
    make_directory("HAL/A.driver/");
    make_directory("HAL/C.bundle/");
    make_directory("HAL/.hidden.driver/");
    write_text("HAL/D.driver", "a file");
    CFURLRef url = url_in_root("HAL");
    CFArrayRef bundles = CFBundleCreateBundlesFromDirectory(NULL, url, CFSTR("driver"));
    assert_int_equal(CFArrayGetCount(bundles), 2);
    CFURLRef first =
        CFBundleCopyBundleURL((CFBundleRef)(uintptr_t)CFArrayGetValueAtIndex(bundles, 0));
    assert_string_equal(path_of(first), in_root("HAL/A.driver"));
    CFRelease(bundles);
    bundles = CFBundleCreateBundlesFromDirectory(NULL, url, NULL);
    assert_int_equal(CFArrayGetCount(bundles), 3);
    CFRelease(bundles);
    CFRelease(url);
    url = url_in_root("absent");
    assert_null(CFBundleCreateBundlesFromDirectory(NULL, url, NULL));
    CFRelease(url);
}

static void *create_and_release(void *context) {
    (void)context;
    for (int i = 0; i < 300; i++) {
        CFBundleRef bundle = open_bundle("Plain.driver");
        if (!bundle || !CFBundleGetIdentifier(bundle)) {
            return "a bundle without identifier";
        }
        CFRelease(bundle);
        CFBundleGetBundleWithIdentifier(CFSTR("org.example.plain"));
    }
    return NULL;
}

static void threads_may_create_and_release_the_same_bundle(void **state) {
    (void)state;
    CFRelease(open_plain());
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, create_and_release, NULL), 0);
    }
    for (int i = 0; i < 4; i++) {
        void *problem;
        pthread_join(threads[i], &problem);
        assert_null(problem);
    }
    assert_null(CFBundleGetBundleWithIdentifier(CFSTR("org.example.plain")));
}

/* ---- resources ---------------------------------------------------------------------------- */

static void assert_resource(CFBundleRef bundle, CFStringRef name, CFStringRef type,
                            CFStringRef directory, const char *expected) {
    CFURLRef url = CFBundleCopyResourceURL(bundle, name, type, directory);
    if (!expected) {
        assert_null(url);
    } else {
        const char *path = path_of(url);
        size_t length = strlen(in_root("Plain.driver/Contents/Resources/"));
        assert_memory_equal(path, in_root("Plain.driver/Contents/Resources/"), length);
        assert_string_equal(path + length, expected);
    }
}

static void resources_are_found_in_their_order(void **state) {
    (void)state;
    CFBundleRef bundle = open_plain();
    assert_null(CFBundleCopyResourcesDirectoryURL(bundle));
    write_text("Plain.driver/Contents/Resources/a.icns", "x");
    write_text("Plain.driver/Contents/Resources/en.lproj/a.icns", "x");
    write_text("Plain.driver/Contents/Resources/en.lproj/b.txt", "x");
    write_text("Plain.driver/Contents/Resources/fr.lproj/b.txt", "x");
    write_text("Plain.driver/Contents/Resources/fr.lproj/c.txt", "x");
    write_text("Plain.driver/Contents/Resources/Base.lproj/sub/d", "x");
    write_text("Plain.driver/Contents/Resources/de.lproj/e.txt", "x");
    write_text("Plain.driver/Contents/Resources/sub/gr\xC3\xBCn.txt", "x");
    assert_string_equal(path_of(CFBundleCopyResourcesDirectoryURL(bundle)),
                        in_root("Plain.driver/Contents/Resources"));
    assert_resource(bundle, CFSTR("a"), CFSTR("icns"), NULL, "a.icns");
    assert_resource(bundle, CFSTR("a.icns"), NULL, NULL, "a.icns");
    assert_resource(bundle, CFSTR("a"), CFSTR(".icns"), CFSTR(""), "a.icns");
    assert_resource(bundle, CFSTR("b"), CFSTR("txt"), NULL, "en.lproj/b.txt");
    assert_resource(bundle, CFSTR("c"), CFSTR("txt"), NULL, "fr.lproj/c.txt");
    assert_resource(bundle, CFSTR("d"), NULL, CFSTR("sub"), "Base.lproj/sub/d");
    assert_resource(bundle, CFSTR("e"), CFSTR("txt"), NULL, NULL); /* nobody reads German here */
    assert_resource(bundle, CFSTR("a"), CFSTR("txt"), NULL, NULL);
    assert_resource(bundle, CFSTR("a"), CFSTR("icns"), CFSTR("sub"), NULL);
    assert_resource(bundle, CFSTR(""), NULL, NULL, NULL);
    assert_resource(bundle, NULL, CFSTR("icns"), NULL, NULL);
    CFStringRef green = CFStringCreateWithCString(NULL, "gr\xC3\xBCn", kCFStringEncodingUTF8);
    assert_resource(bundle, green, CFSTR("txt"), CFSTR("sub"), "sub/gr\xC3\xBCn.txt");
    CFRelease(green);
    CFRelease(bundle);
}

static void strings_are_looked_up_in_tables(void **state) {
    (void)state;
    CFBundleRef bundle = open_plain();
    write_text("Plain.driver/Contents/Resources/en.lproj/Localizable.strings",
               INFO_PLIST(KEY_STRING("volume", "Volume") "<key>odd</key><integer>1</integer>"));
    write_text("Plain.driver/Contents/Resources/Other.strings",
               INFO_PLIST(KEY_STRING("volume", "Loudness")));
    write_text("Plain.driver/Contents/Resources/Broken.strings", "<plist><dict>");
    write_text("Plain.driver/Contents/Resources/List.strings", "<plist><array/></plist>");
    static const struct {
        const char *key, *value, *table, *expected;
    } cases[] = {
        {"volume", "default", NULL, "Volume"},
        {"volume", NULL, "", "Volume"},
        {"volume", NULL, "Other", "Loudness"},
        {"mute", "default", NULL, "default"},
        {"mute", "", NULL, "mute"},
        {"mute", NULL, NULL, "mute"},
        {"odd", "default", NULL, "default"},
        {"volume", "default", "Absent", "default"},
        {"volume", "default", "Broken", "default"},
        {"volume", "default", "List", "default"},
        {NULL, "default", NULL, "default"},
        {NULL, NULL, NULL, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const texts[] = {cases[i].key, cases[i].value, cases[i].table};
        CFStringRef strings[3];
        for (int k = 0; k < 3; k++) {
            strings[k] =
                texts[k] ? CFStringCreateWithCString(NULL, texts[k], kCFStringEncodingUTF8) : NULL;
        }
        assert_text_and_release(
            CFBundleCopyLocalizedString(bundle, strings[0], strings[1], strings[2]),
            cases[i].expected);
        for (int k = 0; k < 3; k++) {
            if (strings[k]) {
                CFRelease(strings[k]);
            }
        }
    }
    CFRelease(bundle);
}

static void misuse_is_a_fault(void **state) {
    (void)state;
    assert_null(CFBundleGetIdentifier((CFBundleRef)(uintptr_t)CFSTR("org.example")));
    assert_fault("CFBundleGetIdentifier: wants a CFBundle, was given a CFString");
    assert_null(CFBundleGetBundleWithIdentifier((CFStringRef)(const void *)kCFBooleanTrue));
    assert_fault("CFBundleGetBundleWithIdentifier: wants a CFString");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BUNDLE_TEST(a_bundle_tells_what_its_info_plist_says),
        BUNDLE_TEST(versions_become_numbers),
        BUNDLE_TEST(without_package_info_it_is_a_bundle_of_nobody),
        BUNDLE_TEST(values_of_the_wrong_type_are_no_identifier),
        BUNDLE_TEST(a_binary_info_plist_is_read),
        BUNDLE_TEST(a_flat_bundle_is_read),
        BUNDLE_TEST(without_a_directory_there_is_no_bundle),
        BUNDLE_TEST(a_directory_has_one_bundle),
        BUNDLE_TEST(a_bundle_that_is_gone_is_read_anew),
        BUNDLE_TEST(a_bundle_is_found_by_identifier_while_it_lives),
        BUNDLE_TEST(of_two_with_one_identifier_the_newer_is_found),
        BUNDLE_TEST(all_bundles_are_listed),
        BUNDLE_TEST(the_main_bundle_is_where_the_program_is),
        BUNDLE_TEST(a_directory_of_bundles_is_read_by_name),
        BUNDLE_TEST(threads_may_create_and_release_the_same_bundle),
        BUNDLE_TEST(resources_are_found_in_their_order),
        BUNDLE_TEST(strings_are_looked_up_in_tables),
        BUNDLE_TEST(misuse_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
