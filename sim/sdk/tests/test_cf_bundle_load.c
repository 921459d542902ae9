/* CFBundle: loading code, and what is said when that fails. */
#define _XOPEN_SOURCE 700 /* nftw() */
#include "data/bundle_fixture.h"
#include "data/plugin_fixture.h"

#include <elf.h>

#if defined(PLUGIN_FIXTURE)

static const char fixture_info[] = INFO_PLIST(KEY_STRING("CFBundleIdentifier", FIXTURE_IDENTIFIER)
                                                  KEY_STRING("CFBundleExecutable", "Fixture"));

static CFBundleRef open_fixture(const char *name) {
    char path[128];
    snprintf(path, sizeof path, "%s/Contents/Info.plist", name);
    write_text(path, fixture_info);
    snprintf(path, sizeof path, "%s/Contents/MacOS/Fixture", name);
    copy_file(PLUGIN_FIXTURE, path, 16u << 20);
    CFBundleRef bundle = open_bundle(name);
    assert_non_null(bundle);
    return bundle;
}

static struct fixture_report *report_of(CFBundleRef bundle) {
    return CFBundleGetDataPointerForName(bundle, CFSTR("fixture_report"));
}

/* ---- loading ------------------------------------------------------------------------------ */

static void an_executable_is_loaded_once_and_has_symbols(void **state) {
    (void)state;
    CFErrorRef error = NULL;
    CFBundleRef bundle = open_fixture("F.driver");
    assert_false(CFBundleIsExecutableLoaded(bundle));
    assert_true(CFBundlePreflightExecutable(bundle, &error));
    assert_false(CFBundleIsExecutableLoaded(bundle));
    assert_true(CFBundleLoadExecutableAndReturnError(bundle, &error));
    assert_true(CFBundleIsExecutableLoaded(bundle));
    assert_true(CFBundleLoadExecutableAndReturnError(bundle, &error));
    assert_null(error);
    assert_int_equal(report_of(bundle)->magic, FIXTURE_MAGIC);
    assert_non_null(CFBundleGetFunctionPointerForName(bundle, CFSTR("fixture_factory")));
    assert_null(CFBundleGetFunctionPointerForName(bundle, CFSTR("no_such_function")));
    assert_null(CFBundleGetFunctionPointerForName(bundle, CFSTR("")));
    assert_null(CFBundleGetFunctionPointerForName(bundle, NULL));
    assert_string_equal(path_of(CFBundleCopyExecutableURL(bundle)),
                        in_root("F.driver/Contents/MacOS/Fixture"));
    CFRelease(bundle);
}

static void a_name_with_a_nul_names_no_symbol_and_no_file(void **state) {
    (void)state;
    static const char symbol[] = "fixture_factory\0x", file[] = "F\0.txt", type[] = "driver\0";
    CFBundleRef bundle = open_fixture("F.driver");
    write_text("F.driver/Contents/Resources/F", "");
    CFStringRef name = CFStringCreateWithBytes(NULL, (const UInt8 *)symbol, sizeof symbol - 1,
                                               kCFStringEncodingUTF8, false);
    assert_null(CFBundleGetFunctionPointerForName(bundle, name));
    assert_null(CFBundleGetDataPointerForName(bundle, name));
    CFRelease(name);
    name = CFStringCreateWithBytes(NULL, (const UInt8 *)file, sizeof file - 1,
                                   kCFStringEncodingUTF8, false);
    assert_null(CFBundleCopyResourceURL(bundle, name, NULL, NULL));
    CFRelease(name);
    CFURLRef resource = CFBundleCopyResourceURL(bundle, CFSTR("F"), NULL, NULL);
    assert_non_null(resource);
    CFRelease(resource);
    name = CFStringCreateWithBytes(NULL, (const UInt8 *)type, sizeof type, kCFStringEncodingUTF8,
                                   false);
    CFURLRef directory = url_in_root("");
    CFArrayRef found = CFBundleCreateBundlesFromDirectory(NULL, directory, name);
    assert_int_equal(CFArrayGetCount(found), 0);
    CFRelease(found);
    CFRelease(directory);
    CFRelease(name);
    CFRelease(bundle);
}

static void asking_for_a_symbol_loads(void **state) {
    (void)state;
    CFBundleRef bundle = open_fixture("F.driver");
    assert_non_null(CFBundleGetFunctionPointerForName(bundle, CFSTR("fixture_factory")));
    assert_true(CFBundleIsExecutableLoaded(bundle));
    CFRelease(bundle);
}

static void code_finds_its_own_bundle_already_while_it_is_loaded(void **state) {
    (void)state;
    CFBundleRef bundle = open_fixture("F.driver");
    assert_ptr_equal(report_of(bundle)->bundle_at_load, bundle);
    CFRelease(bundle);
}

static void the_loaded_one_of_two_with_the_same_identifier_is_found(void **state) {
    (void)state;
    CFBundleRef loaded = open_fixture("A.driver"), newer = open_fixture("B.driver");
    assert_ptr_equal(CFBundleGetBundleWithIdentifier(CFSTR(FIXTURE_IDENTIFIER)), newer);
    assert_true(CFBundleLoadExecutable(loaded));
    assert_ptr_equal(CFBundleGetBundleWithIdentifier(CFSTR(FIXTURE_IDENTIFIER)), loaded);
    CFRelease(newer);
    CFRelease(loaded);
}

static void two_copies_have_data_of_their_own(void **state) {
    (void)state;
    CFBundleRef a = open_fixture("A.driver"), b = open_fixture("B.driver");
    report_of(a)->factory_calls = 7;
    assert_int_equal(report_of(b)->factory_calls, 0);
    CFRelease(a);
    CFRelease(b);
}

static void unloading_leaves_the_code_in_place(void **state) {
    (void)state;
    CFBundleRef bundle = open_fixture("F.driver");
    struct fixture_report *report = report_of(bundle);
    report->factory_calls = 42;
    CFBundleUnloadExecutable(bundle);
    assert_false(CFBundleIsExecutableLoaded(bundle));
    assert_int_equal(report->factory_calls, 42); /* still mapped */
    assert_true(CFBundleLoadExecutable(bundle));
    assert_ptr_equal(report_of(bundle), report);
    assert_int_equal(report->factory_calls, 42);
    CFRelease(bundle);
    assert_int_equal(report->magic, FIXTURE_MAGIC); /* even now */
}

static void without_cfbundleexecutable_the_name_of_the_bundle_counts(void **state) {
    (void)state;
    make_directory("My Driver.driver/Contents/");
    copy_file(PLUGIN_FIXTURE, "My Driver.driver/Contents/MacOS/My Driver", 16u << 20);
    CFBundleRef bundle = open_bundle("My Driver.driver");
    assert_true(CFBundleLoadExecutable(bundle));
    CFRelease(bundle);
}

static void a_flat_bundle_has_its_executable_beside_info_plist(void **state) {
    (void)state;
    write_text("Flat.bundle/Info.plist", fixture_info);
    copy_file(PLUGIN_FIXTURE, "Flat.bundle/Fixture", 16u << 20);
    CFBundleRef bundle = open_bundle("Flat.bundle");
    assert_true(CFBundleLoadExecutable(bundle));
    CFRelease(bundle);
}

/* ---- failing ------------------------------------------------------------------------------ */

/* Loading fails with this code, and the description holds the path of the executable and
 * `expected`. */
static void assert_not_loaded(const char *name, CFIndex code, const char *executable,
                              const char *expected) {
    CFBundleRef bundle = open_bundle(name);
    CFErrorRef error = NULL;
    char text[2048], path[2 * PATH_MAX];
    assert_non_null(bundle);
    assert_false(CFBundleLoadExecutableAndReturnError(bundle, NULL));
    assert_false(CFBundleLoadExecutableAndReturnError(bundle, &error));
    assert_false(CFBundleIsExecutableLoaded(bundle));
    assert_non_null(error);
    assert_true(CFEqual(CFErrorGetDomain(error), kCFErrorDomainCocoa));
    CFStringRef description = CFErrorCopyDescription(error);
    CFStringGetCString(description, text, sizeof text, kCFStringEncodingUTF8);
    CFRelease(description);
    snprintf(path, sizeof path, "%s/%s%s", root, name, executable);
    if (!strstr(text, expected) || !strstr(text, path)) {
        fail_msg("\"%s\" does not say \"%s\" of %s", text, expected, path);
    }
    assert_int_equal(CFErrorGetCode(error), code);
    CFDictionaryRef info = CFErrorCopyUserInfo(error);
    assert_text(CFDictionaryGetValue(info, kCFErrorFilePathKey), path);
    CFRelease(info);
    CFRelease(error);
    CFRelease(bundle);
}

static void a_missing_executable_is_explained(void **state) {
    (void)state;
    write_text("F.driver/Contents/Info.plist", fixture_info);
    assert_not_loaded("F.driver", 4, "/Contents/MacOS/Fixture",
                      "there is no such file, although CFBundleExecutable names it");
    CFBundleRef bundle = open_bundle("F.driver");
    assert_null(CFBundleCopyExecutableURL(bundle));
    assert_false(CFBundleLoadExecutable(bundle));
    assert_null(CFBundleGetFunctionPointerForName(bundle, CFSTR("fixture_factory")));
    CFRelease(bundle);
    write_text("G.driver/Contents/Info.plist", INFO_PLIST(""));
    assert_not_loaded("G.driver", 4, "/Contents/MacOS/G", "Info.plist has no CFBundleExecutable");
}

static void a_broken_info_plist_is_explained(void **state) {
    (void)state;
    char nested[16384] = "<plist>";
    for (int i = 0; i < 600; i++) {
        strcat(nested, "<array>");
    }
    for (int i = 0; i < 600; i++) {
        strcat(nested, "</array>");
    }
    const struct {
        const char *name, *content, *expected;
    } cases[] = {
        {"missing", NULL, "Contents/Info.plist: No such file or directory"},
        {"empty", "", "there are no bytes"},
        {"corrupt", "<plist>\n<dict>\n<key>CFBundleExecutable</key>\n</array>",
         "line 4: </array> where the <dict> of line 2 is open"},
        {"list", "<plist><array/></plist>", "the property list is not a dictionary"},
        {"binary", "bplist00\xD1\x01", "too few for a binary property list"},
        {"deep", nested, "more than 512 levels"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[64], path[128], executable[128];
        snprintf(name, sizeof name, "%s.driver", cases[i].name);
        snprintf(path, sizeof path, "%s/Contents/%s", name, cases[i].content ? "Info.plist" : "");
        write_text(path, cases[i].content ? cases[i].content : "");
        snprintf(executable, sizeof executable, "/Contents/MacOS/%s", cases[i].name);
        assert_not_loaded(name, 4, executable, cases[i].expected);
        CFBundleRef bundle = open_bundle(name);
        assert_int_equal(CFDictionaryGetCount(CFBundleGetInfoDictionary(bundle)), 0);
        CFRelease(bundle);
    }
}

static void an_info_plist_cut_off_anywhere_names_no_executable(void **state) {
    (void)state;
    const char *end = strstr(fixture_info, "</plist>");
    for (size_t length = 1; length < (size_t)(end - fixture_info) - 8; length += 7) {
        write_bytes("F.driver/Contents/Info.plist", fixture_info, length);
        assert_not_loaded("F.driver", 4, "/Contents/MacOS/F", "Info.plist: This is not a property");
    }
}

/* The header of the fixture with one field changed. */
static void write_header(const char *name, size_t at, unsigned value, size_t size) {
    unsigned char header[4096];
    FILE *file = fopen(PLUGIN_FIXTURE, "rb");
    assert_non_null(file);
    assert_int_equal(fread(header, 1, sizeof header, file), sizeof header);
    fclose(file);
    uint16_t wide = (uint16_t)value;
    if (size == 2) {
        memcpy(header + at, &wide, 2);
    } else {
        header[at] = (unsigned char)value;
    }
    write_bytes(name, header, sizeof header);
}

static void what_is_no_shared_object_for_this_machine_is_explained(void **state) {
    (void)state;
    static const char executable[] = "/Contents/MacOS/Fixture";
    static const struct {
        const char *bytes;
        size_t length;
        CFIndex code;
        const char *expected;
    } contents[] = {
        {"", 0, 3584, "not an ELF shared object but 0 bytes"},
        {"#!/bin/sh\n", 10, 3584, "not an ELF shared object (it starts with 23 21 2f 62)"},
        {"\x7F"
         "ELF",
         4, 3584, "an ELF file cut off after 4 bytes, within its header"},
        {"\xCF\xFA\xED\xFE....", 8, 3585, "a Mach-O binary, which only macOS loads"},
        {"\xCA\xFE\xBA\xBE....", 8, 3585, "a Mach-O binary"},
    };
    write_text("F.driver/Contents/Info.plist", fixture_info);
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        write_bytes("F.driver/Contents/MacOS/Fixture", contents[i].bytes, contents[i].length);
        assert_not_loaded("F.driver", contents[i].code, executable, contents[i].expected);
    }
    static const struct {
        size_t at, size;
        unsigned value;
        CFIndex code;
        const char *expected;
    } headers[] = {
        {offsetof(Elf64_Ehdr, e_machine), 2, EM_S390, 3585, "an ELF file for another machine"},
        {offsetof(Elf64_Ehdr, e_ident) + EI_CLASS, 1, ELFCLASS32, 3585, "this process is"},
        {offsetof(Elf64_Ehdr, e_type), 2, ET_REL, 3584, "an ELF object file (.o)"},
        {offsetof(Elf64_Ehdr, e_type), 2, ET_EXEC, 3584, "an ELF program"},
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        write_header("F.driver/Contents/MacOS/Fixture", headers[i].at, headers[i].value,
                     headers[i].size);
        assert_not_loaded("F.driver", headers[i].code, executable, headers[i].expected);
    }
    for (size_t length = 64; length <= 4096; length *= 2) {
        copy_file(PLUGIN_FIXTURE, "F.driver/Contents/MacOS/Fixture", length);
        assert_not_loaded("F.driver", 3584, executable, "an ELF file cut off after ");
    }
    unlink(in_root("F.driver/Contents/MacOS/Fixture"));
    make_directory("F.driver/Contents/MacOS/Fixture/");
    assert_not_loaded("F.driver", 3584, executable, "not a regular file");
}

static void a_missing_symbol_is_named(void **state) {
    (void)state;
    write_text("F.driver/Contents/Info.plist", fixture_info);
    copy_file(UNRESOLVED_FIXTURE, "F.driver/Contents/MacOS/Fixture", 16u << 20);
    CFBundleRef bundle = open_bundle("F.driver");
    assert_true(CFBundlePreflightExecutable(bundle, NULL)); /* the file as such is fine */
    CFRelease(bundle);
    assert_not_loaded("F.driver", 3588, "/Contents/MacOS/Fixture",
                      "undefined symbol: this_function_is_defined_nowhere");
}

static void what_the_loader_says_is_passed_on(void **state) {
    (void)state;
    write_text("F.driver/Contents/Info.plist", fixture_info);
    copy_file("/proc/self/exe", "F.driver/Contents/MacOS/Fixture", 16u << 20); /* a PIE program */
    assert_not_loaded("F.driver", 3587, "/Contents/MacOS/Fixture",
                      "cannot dynamically load position-independent executable");
}

static void a_name_that_is_not_utf8_spoils_no_message(void **state) {
    (void)state;
    make_directory("gr\xFC\xDF.driver/Contents/");
    CFBundleRef bundle = open_bundle("gr\xFC\xDF.driver");
    CFErrorRef error = NULL;
    assert_false(CFBundleLoadExecutableAndReturnError(bundle, &error));
    CFStringRef text = CFErrorCopyDescription(error);
    assert_true(CFStringFind(text, CFSTR("gr??.driver"), 0).length > 0);
    CFRelease(text);
    CFRelease(error);
    CFRelease(bundle);
}

static void after_a_repair_the_same_bundle_loads(void **state) {
    (void)state;
    write_text("F.driver/Contents/Info.plist", fixture_info);
    CFBundleRef bundle = open_bundle("F.driver");
    assert_false(CFBundleLoadExecutableAndReturnError(bundle, NULL));
    copy_file(PLUGIN_FIXTURE, "F.driver/Contents/MacOS/Fixture", 16u << 20);
    assert_true(CFBundleLoadExecutableAndReturnError(bundle, NULL));
    CFRelease(bundle);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BUNDLE_TEST(an_executable_is_loaded_once_and_has_symbols),
        BUNDLE_TEST(a_name_with_a_nul_names_no_symbol_and_no_file),
        BUNDLE_TEST(asking_for_a_symbol_loads),
        BUNDLE_TEST(code_finds_its_own_bundle_already_while_it_is_loaded),
        BUNDLE_TEST(the_loaded_one_of_two_with_the_same_identifier_is_found),
        BUNDLE_TEST(two_copies_have_data_of_their_own),
        BUNDLE_TEST(unloading_leaves_the_code_in_place),
        BUNDLE_TEST(without_cfbundleexecutable_the_name_of_the_bundle_counts),
        BUNDLE_TEST(a_flat_bundle_has_its_executable_beside_info_plist),
        BUNDLE_TEST(a_missing_executable_is_explained),
        BUNDLE_TEST(a_broken_info_plist_is_explained),
        BUNDLE_TEST(an_info_plist_cut_off_anywhere_names_no_executable),
        BUNDLE_TEST(what_is_no_shared_object_for_this_machine_is_explained),
        BUNDLE_TEST(a_missing_symbol_is_named),
        BUNDLE_TEST(what_the_loader_says_is_passed_on),
        BUNDLE_TEST(a_name_that_is_not_utf8_spoils_no_message),
        BUNDLE_TEST(after_a_repair_the_same_bundle_loads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

#include "data/no_fixture.h"

#endif
