/* CFURL: file paths and back, escapes, components, resolving. */
#include "cf_test.h"

#include <CoreFoundation/CFURL.h>
#include <unistd.h>

static CFStringRef string(const char *text) {
    return CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);
}

static CFURLRef url(const char *text, CFURLRef base) {
    CFStringRef given = string(text);
    CFURLRef result = CFURLCreateWithString(NULL, given, base);
    CFRelease(given);
    return result;
}

static CFURLRef file_url(const char *path, bool is_directory) {
    return CFURLCreateFromFileSystemRepresentation(NULL, (const UInt8 *)path, (CFIndex)strlen(path),
                                                   is_directory);
}

static void assert_url(CFURLRef owned, const char *expected) {
    assert_non_null(owned);
    assert_text(CFURLGetString(owned), expected);
    CFRelease(owned);
}

/* ---- file paths --------------------------------------------------------------------------- */

static void a_path_becomes_a_file_url_and_comes_back(void **state) {
    (void)state;
    static const struct {
        const char *path;
        bool is_directory;
        const char *url;
    } cases[] = {
        {"/", true, "file:///"},
        {"/Library/Audio", false, "file:///Library/Audio"},
        {"/Library/Audio", true, "file:///Library/Audio/"},
        {"/a b/50%/x?y#z", false, "file:///a%20b/50%25/x%3Fy%23z"},
        {"/a;b[c]{d}\"<>^`|\\", false, "file:///a%3Bb%5Bc%5D%7Bd%7D%22%3C%3E%5E%60%7C%5C"},
        {"/-_.~!$&'()*+,=:@", false, "file:///-_.~!$&'()*+,=:@"},
        {"/Gr\xC3\xBC\xC3\x9F"
         "e/\xE2\x82\xAC",
         false, "file:///Gr%C3%BC%C3%9Fe/%E2%82%AC"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CFStringRef path = string(cases[i].path);
        CFURLRef made =
            CFURLCreateWithFileSystemPath(NULL, path, kCFURLPOSIXPathStyle, cases[i].is_directory);
        assert_text(CFURLGetString(made), cases[i].url);
        assert_null(CFURLGetBaseURL(made));
        assert_int_equal(CFURLHasDirectoryPath(made), cases[i].is_directory);
        assert_text_and_release(CFURLCopyFileSystemPath(made, kCFURLPOSIXPathStyle), cases[i].path);
        CFRelease(made);
        CFRelease(path);
    }
}

static void slashes_stay_within_a_path_and_tell_a_directory_at_its_end(void **state) {
    (void)state;
    static const struct {
        const char *path;
        bool is_directory;
        const char *url, *back;
    } cases[] = {
        {"/a//b", false, "file:///a//b", "/a//b"},
        {"//a", false, "file:////a", "//a"},
        {"/a/", false, "file:///a", "/a"},
        {"/a//", false, "file:///a", "/a"},
        {"/a/", true, "file:///a/", "/a"},
        {"/", false, "file:///", "/"},
        {"/a/%2F", false, "file:///a/%252F", "/a/%2F"}, /* an escape in a path is text */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CFURLRef made = file_url(cases[i].path, cases[i].is_directory);
        UInt8 back[64];
        assert_text(CFURLGetString(made), cases[i].url);
        assert_true(CFURLGetFileSystemRepresentation(made, true, back, sizeof back));
        assert_string_equal((const char *)back, cases[i].back);
        assert_int_equal(CFURLHasDirectoryPath(made),
                         cases[i].is_directory || cases[i].path[1] == '\0');
        CFRelease(made);
    }
}

static void a_nul_is_in_no_name(void **state) {
    (void)state;
    static const UniChar units[] = {'/', 'a', 0, 'b'};
    CFStringRef text = CFStringCreateWithCharacters(NULL, units, 4);
    CFURLRef file = file_url("/tmp", true);
    assert_null(CFURLCreateWithString(NULL, text, NULL));
    assert_null(CFURLCreateWithFileSystemPath(NULL, text, kCFURLPOSIXPathStyle, false));
    assert_null(
        CFURLCreateWithFileSystemPathRelativeToBase(NULL, text, kCFURLPOSIXPathStyle, false, file));
    assert_null(CFURLCreateFromFileSystemRepresentation(NULL, (const UInt8 *)"/a\0b", 4, false));
    assert_null(CFURLCreateCopyAppendingPathComponent(NULL, file, text, false));
    assert_null(CFURLCreateCopyAppendingPathExtension(NULL, file, text));
    CFRelease(file);

    /* As data it has an escape, which names no file. */
    CFURLRef escaped =
        CFURLCreateWithBytes(NULL, (const UInt8 *)"file:///a\0b", 11, kCFStringEncodingUTF8, NULL);
    UInt8 path[64];
    assert_text(CFURLGetString(escaped), "file:///a%00b");
    assert_false(CFURLGetFileSystemRepresentation(escaped, true, path, sizeof path));
    CFRelease(escaped);
    assert_text_and_release(
        CFURLCreateStringByAddingPercentEscapes(NULL, text, NULL, NULL, kCFStringEncodingUTF8),
        "/a%00b");
    CFStringRef plain = CFURLCreateStringByReplacingPercentEscapes(NULL, text, CFSTR(""));
    assert_true(CFEqual(plain, text));
    CFRelease(plain);
    CFRelease(text);
}

static void a_relative_path_is_based_on_the_working_directory(void **state) {
    (void)state;
    char directory[4096], expected[4200], got[4200];
    assert_non_null(getcwd(directory, sizeof directory));
    CFURLRef relative = file_url("My Driver.driver", true);
    assert_text(CFURLGetString(relative), "My%20Driver.driver/");
    assert_text_and_release(CFURLCopyFileSystemPath(relative, kCFURLPOSIXPathStyle),
                            "My Driver.driver");
    assert_text_and_release(CFURLCopyScheme(relative), "file");
    snprintf(expected, sizeof expected, "%s/My Driver.driver", directory);
    assert_true(CFURLGetFileSystemRepresentation(relative, true, (UInt8 *)got, sizeof got));
    assert_string_equal(got, expected);
    assert_true(CFURLGetFileSystemRepresentation(relative, false, (UInt8 *)got, sizeof got));
    assert_string_equal(got, "My Driver.driver");
    CFRelease(relative);
    assert_url(file_url("a:b/c", false), "./a:b/c"); /* "a" is no scheme */
    assert_url(file_url("a/b:c", false), "a/b:c");
}

static void a_path_may_be_relative_to_a_given_base(void **state) {
    (void)state;
    CFURLRef base = file_url("/base/dir", true);
    CFURLRef made = CFURLCreateWithFileSystemPathRelativeToBase(NULL, CFSTR("x y"),
                                                                kCFURLPOSIXPathStyle, false, base);
    assert_ptr_equal(CFURLGetBaseURL(made), base);
    assert_url(CFURLCopyAbsoluteURL(made), "file:///base/dir/x%20y");
    assert_text_and_release(CFStringCreateWithFormat(NULL, NULL, CFSTR("%@"), made),
                            "x%20y -- file:///base/dir/");
    CFRelease(made);
    CFRelease(base);
}

static void a_buffer_too_small_for_the_path_is_refused(void **state) {
    (void)state;
    UInt8 buffer[8] = "untouch";
    CFURLRef made = file_url("/1234567", false);
    assert_false(CFURLGetFileSystemRepresentation(made, true, buffer, 8));
    assert_string_equal((char *)buffer, "untouch");
    assert_false(CFURLGetFileSystemRepresentation(made, true, buffer, 0));
    CFRelease(made);
    made = file_url("/123456", false);
    assert_true(CFURLGetFileSystemRepresentation(made, true, buffer, 8));
    assert_string_equal((char *)buffer, "/123456");
    CFRelease(made);
}

static void what_is_no_file_has_no_file_system_representation(void **state) {
    (void)state;
    UInt8 buffer[64];
    CFURLRef web = url("http://example.com/a", NULL), nul = url("file:///a%00b", NULL);
    assert_false(CFURLGetFileSystemRepresentation(web, true, buffer, sizeof buffer));
    assert_false(CFURLGetFileSystemRepresentation(nul, true, buffer, sizeof buffer));
    assert_null(CFURLCopyFileSystemPath(web, kCFURLWindowsPathStyle));
    CFRelease(web);
    CFRelease(nul);
    assert_null(file_url("", false));
    assert_null(CFURLCreateFromFileSystemRepresentation(NULL, (const UInt8 *)"/a\0b", 4, false));
    assert_null(CFURLCreateWithFileSystemPath(NULL, CFSTR("C:\\x"), kCFURLWindowsPathStyle, false));
}

static void a_path_that_is_not_utf8_survives_as_bytes(void **state) {
    (void)state;
    char got[16];
    CFURLRef latin1 = file_url("/gr\xFC\xDF", false);
    assert_text(CFURLGetString(latin1), "file:///gr%FC%DF");
    assert_true(CFURLGetFileSystemRepresentation(latin1, true, (UInt8 *)got, sizeof got));
    assert_string_equal(got, "/gr\xFC\xDF");
    assert_null(CFURLCopyFileSystemPath(latin1, kCFURLPOSIXPathStyle));
    CFRelease(latin1);
}

/* ---- strings ------------------------------------------------------------------------------ */

static void only_valid_strings_become_urls(void **state) {
    (void)state;
    static const char *const bad[] = {"",     "a b", "a%",       "a%2", "a%zz",
                                      "a\"b", "a<b", "\xC3\xBC", "a\\b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (url(bad[i], NULL)) {
            fail_msg("\"%s\" became a URL", bad[i]);
        }
    }
    assert_url(url("http://u@h:80/p;x?q[1]=%20#f", NULL), "http://u@h:80/p;x?q[1]=%20#f");
}

static void bytes_are_escaped_where_needed(void **state) {
    (void)state;
    const char *text = "rsrc://gr\xC3\xBC\xC3\x9F %20%.png";
    CFURLRef made = CFURLCreateWithBytes(NULL, (const UInt8 *)text, (CFIndex)strlen(text),
                                         kCFStringEncodingUTF8, NULL);
    assert_url(made, "rsrc://gr%C3%BC%C3%9F%20%20%25.png");
    assert_null(CFURLCreateWithBytes(NULL, (const UInt8 *)"\xFF", 1, kCFStringEncodingUTF8, NULL));
    assert_null(CFURLCreateWithBytes(NULL, (const UInt8 *)"", 0, kCFStringEncodingUTF8, NULL));
    assert_null(CFURLCreateWithBytes(NULL, (const UInt8 *)"a", 1, kCFStringEncodingUTF16, NULL));
}

static void assert_part(CFStringRef owned, const char *expected) {
    if (!expected) {
        assert_null(owned);
    } else {
        assert_text_and_release(owned, expected);
    }
}

static void a_url_comes_apart(void **state) {
    (void)state;
    static const struct {
        const char *url, *scheme, *authority, *host, *path, *query, *fragment;
        bool decomposes;
    } cases[] = {
        {"http://u:p@h:80/a%20b/c?q%3D#f", "http", "u:p@h:80", "h", "/a%20b/c", "q=", "f", true},
        {"file:///x", "file", "", NULL, "/x", NULL, NULL, true},
        {"mailto:a@b", "mailto", NULL, NULL, "a@b", NULL, NULL, false},
        {"http://[::1]:8?", "http", "[::1]:8", "[::1]", "", "", NULL, true},
        {"x+1-a.b:/p", "x+1-a.b", NULL, NULL, "/p", NULL, NULL, true},
        {"1x:p", NULL, NULL, NULL, "1x:p", NULL, NULL, true},
        {"p?a?b#c#d", NULL, NULL, NULL, "p", "a?b", "c#d", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CFURLRef made = url(cases[i].url, NULL);
        assert_non_null(made);
        assert_part(CFURLCopyScheme(made), cases[i].scheme);
        assert_part(CFURLCopyNetLocation(made), cases[i].authority);
        assert_part(CFURLCopyHostName(made), cases[i].host);
        assert_part(CFURLCopyPath(made), cases[i].path);
        assert_part(CFURLCopyQueryString(made, CFSTR("")), cases[i].query);
        assert_part(CFURLCopyFragment(made, NULL), cases[i].fragment);
        assert_int_equal(CFURLCanBeDecomposed(made), cases[i].decomposes);
        CFRelease(made);
    }
}

static void last_component_and_extension_are_unescaped(void **state) {
    (void)state;
    static const struct {
        const char *url, *last, *extension;
    } cases[] = {
        {"file:///HAL/My%20One.driver/", "My One.driver", "driver"},
        {"file:///a.b/c", "c", NULL},
        {"file:///.profile", ".profile", NULL},
        {"file:///x.tar.gz", "x.tar.gz", "gz"},
        {"file:///x.", "x.", NULL},
        {"file:///", "/", NULL},
        {"name.e%78t", "name.ext", "ext"},
        {"file:///a//", "a", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CFURLRef made = url(cases[i].url, NULL);
        assert_part(CFURLCopyLastPathComponent(made), cases[i].last);
        assert_part(CFURLCopyPathExtension(made), cases[i].extension);
        CFRelease(made);
    }
}

/* ---- changing ----------------------------------------------------------------------------- */

static void components_are_appended(void **state) {
    (void)state;
    static const struct {
        const char *url, *component;
        bool is_directory;
        const char *result;
    } cases[] = {
        {"file:///a", "b c", false, "file:///a/b%20c"},
        {"file:///a/", "b", true, "file:///a/b/"},
        {"file:///a/", "/b/c/", true, "file:///a/b/c/"},
        {"http://h", "x", false, "http://h/x"},
        {"http://h/a?q#f", "b?", false, "http://h/a/b%3F?q#f"},
        {"rel", "x", false, "rel/x"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CFURLRef made = url(cases[i].url, NULL);
        CFStringRef component = string(cases[i].component);
        assert_url(
            CFURLCreateCopyAppendingPathComponent(NULL, made, component, cases[i].is_directory),
            cases[i].result);
        CFRelease(component);
        CFRelease(made);
    }
}

static void the_last_component_is_deleted(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"file:///a/b", "file:///a/"},
        {"file:///a/b/", "file:///a/"},
        {"file:///a", "file:///"},
        {"file:///", "file:///../"},
        {"file:///a/..", "file:///a/../../"},
        {"name", "./"},
        {"http://h/a/b?q", "http://h/a/?q"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CFURLRef made = url(cases[i][0], NULL);
        assert_url(CFURLCreateCopyDeletingLastPathComponent(NULL, made), cases[i][1]);
        CFRelease(made);
    }
}

static void extensions_are_appended_and_deleted(void **state) {
    (void)state;
    CFURLRef made = url("file:///a/My%20One/", NULL);
    CFURLRef longer = CFURLCreateCopyAppendingPathExtension(NULL, made, CFSTR("dri ver"));
    assert_text(CFURLGetString(longer), "file:///a/My%20One.dri%20ver/");
    assert_url(CFURLCreateCopyDeletingPathExtension(NULL, longer), "file:///a/My%20One/");
    CFURLRef same = CFURLCreateCopyDeletingPathExtension(NULL, made);
    assert_true(CFEqual(same, made));
    CFRelease(same);
    CFRelease(longer);
    CFRelease(made);
}

static void a_reference_is_resolved_against_its_base(void **state) {
    (void)state;
    /* The examples of RFC 3986, 5.4.1 and 5.4.2. */
    static const char *const cases[][2] = {
        {"g:h", "g:h"},
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q#s"},
        {"g#s", "http://a/b/c/g#s"},
        {"g?y#s", "http://a/b/c/g?y#s"},
        {";x", "http://a/b/c/;x"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
    };
    CFURLRef base = url("http://a/b/c/d;p?q", NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CFURLRef relative = url(cases[i][0], base);
        assert_url(CFURLCopyAbsoluteURL(relative), cases[i][1]);
        CFRelease(relative);
    }
    CFRelease(base);
    base = url("http://host", NULL);
    CFURLRef relative = url("x", base);
    assert_url(CFURLCopyAbsoluteURL(relative), "http://host/x");
    CFRelease(relative);
    CFRelease(base);
}

/* ---- escapes, equality, misuse ------------------------------------------------------------- */

static void escapes_can_be_added_and_replaced(void **state) {
    (void)state;
    CFStringRef text = string("a/b c%\xC3\xA9#?");
    assert_text_and_release(
        CFURLCreateStringByAddingPercentEscapes(NULL, text, NULL, NULL, kCFStringEncodingUTF8),
        "a/b%20c%25%C3%A9%23?");
    assert_text_and_release(CFURLCreateStringByAddingPercentEscapes(
                                NULL, text, CFSTR("% "), CFSTR("/?"), kCFStringEncodingUTF8),
                            "a%2Fb c%%C3%A9%23%3F");
    CFRelease(text);
    assert_text_and_release(
        CFURLCreateStringByReplacingPercentEscapes(NULL, CFSTR("a%20%2F%C3%a9%"), CFSTR("")),
        "a /\xC3\xA9%");
    assert_text_and_release(
        CFURLCreateStringByReplacingPercentEscapes(NULL, CFSTR("a%20%2f"), CFSTR("/")), "a %2f");
    assert_text_and_release(CFURLCreateStringByReplacingPercentEscapes(NULL, CFSTR("a%20"), NULL),
                            "a%20");
    assert_null(CFURLCreateStringByReplacingPercentEscapes(NULL, CFSTR("%FF"), CFSTR("")));
}

static void urls_are_equal_when_string_and_base_are(void **state) {
    (void)state;
    CFURLRef base = url("file:///a/", NULL), other = url("file:///b/", NULL);
    CFURLRef x = url("x", base), same = url("x", base), elsewhere = url("x", other);
    CFURLRef absolute = url("file:///a/x", NULL);
    assert_true(CFEqual(x, same));
    assert_int_equal(CFHash(x), CFHash(same));
    assert_false(CFEqual(x, elsewhere));
    assert_false(CFEqual(x, absolute));
    const CFURLRef urls[] = {base, other, x, same, elsewhere, absolute};
    for (size_t i = 0; i < 6; i++) {
        CFRelease(urls[i]);
    }
}

static void misuse_is_a_fault(void **state) {
    (void)state;
    assert_null(CFURLGetString((CFURLRef)(const void *)CFSTR("file:///")));
    assert_fault("CFURLGetString: wants a CFURL, was given a CFString");
    assert_null(CFURLCopyPathExtension(NULL));
    assert_fault("CFURLCopyPathExtension");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CF_TEST(a_path_becomes_a_file_url_and_comes_back),
        CF_TEST(slashes_stay_within_a_path_and_tell_a_directory_at_its_end),
        CF_TEST(a_nul_is_in_no_name),
        CF_TEST(a_relative_path_is_based_on_the_working_directory),
        CF_TEST(a_path_may_be_relative_to_a_given_base),
        CF_TEST(a_buffer_too_small_for_the_path_is_refused),
        CF_TEST(what_is_no_file_has_no_file_system_representation),
        CF_TEST(a_path_that_is_not_utf8_survives_as_bytes),
        CF_TEST(only_valid_strings_become_urls),
        CF_TEST(bytes_are_escaped_where_needed),
        CF_TEST(a_url_comes_apart),
        CF_TEST(last_component_and_extension_are_unescaped),
        CF_TEST(components_are_appended),
        CF_TEST(the_last_component_is_deleted),
        CF_TEST(extensions_are_appended_and_deleted),
        CF_TEST(a_reference_is_resolved_against_its_base),
        CF_TEST(escapes_can_be_added_and_replaced),
        CF_TEST(urls_are_equal_when_string_and_base_are),
        CF_TEST(misuse_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
