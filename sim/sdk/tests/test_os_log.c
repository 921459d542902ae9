/* os_log and syslog: formats, privacy, levels, the sink. */
#include "death.h"
#include <CoreFoundation/CoreFoundation.h>
#include <errno.h>
#include <halsdk/halsdk.h>
#include <inttypes.h>
#include <locale.h>
#include <os/log.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syslog.h>
#include <wchar.h>

static struct {
    int count;
    uint64_t time_ns;
    char level[16], subsystem[64], category[64], message[4096];
} last;

static void keep(const struct halsdk_log_record *record, void *context) {
    assert_ptr_equal(context, &last);
    last.count++;
    last.time_ns = record->time_ns;
    snprintf(last.level, sizeof last.level, "%s", record->level);
    snprintf(last.subsystem, sizeof last.subsystem, "%s", record->subsystem);
    snprintf(last.category, sizeof last.category, "%s", record->category);
    snprintf(last.message, sizeof last.message, "%s", record->message);
    errno = EBADF; /* the caller must not see it */
}

static int set_up(void **state) {
    (void)state;
    memset(&last, 0, sizeof last);
    halsdk_set_log_sink(keep, &last);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    halsdk_set_log_sink(NULL, NULL);
    halsdk_set_log_reveals_private(false);
    return 0;
}

#define assert_logs(expected_, ...)                                                                \
    do {                                                                                           \
        os_log(OS_LOG_DEFAULT, __VA_ARGS__);                                                       \
        assert_string_equal(last.message, expected_);                                              \
    } while (0)

static void numbers_print_as_printf_prints_them(void **state) {
    (void)state;
    assert_logs("-5 5 0x1f 0X1F 017", "%d %u 0x%x 0X%X 0%o", -5, 5u, 31u, 31u, 15u);
    assert_logs("-1 255 -3 4", "%hhd %hhu %hd %lu", (signed char)-1, (unsigned char)255, (short)-3,
                4ul);
    assert_logs("-9223372036854775808 18446744073709551615", "%lld %llu", (long long)INT64_MIN,
                (unsigned long long)UINT64_MAX);
    assert_logs("7 8 -9 10", "%zu %jd %td %qd", (size_t)7, (intmax_t)8, (ptrdiff_t)-9, 10ll);
    assert_logs("[   42] [42   ] [00042] [+42]", "[%5d] [%-5d] [%05d] [%+d]", 42, 42, 42, 42);
    assert_logs("[   42] [42   ] [007]", "[%*d] [%*d] [%.*d]", 5, 42, -5, 42, 3, 7);
    assert_logs("1.50 2.5e+00 48000 -0.25", "%.2f %.1e %g %Lg", 1.5, 2.5, 48000.0, -0.25L);
    assert_logs("A 100%", "%c %d%%", 'A', 100);
    assert_logs("48000 Hz", "%u Hz", 48000u);
}

static void a_literal_shows_and_text_of_the_run_does_not(void **state) {
    char made[] = "made at run time";

    (void)state;
    assert_logs("literal, <private>, end", "%s, %s, %s", "literal", made, "end");
    assert_logs("made at run time", "%{public}s", made);
    assert_logs("<private>", "%{private}s", "literal");
    assert_logs("x <private> 7 (null)", "x %{private}d %d %s", 6, 7, (const char *)NULL);
    assert_logs("<private> <private> 3", "%{private}f %{sensitive}s %d", 1.5, "secret", 3);
}

static void revealing_shows_private_but_never_sensitive_text(void **state) {
    char made[] = "made at run time";

    (void)state;
    halsdk_set_log_reveals_private(true);
    assert_logs("made at run time literal 6", "%s %{private}s %{private}d", made, "literal", 6);
    assert_logs("<private>", "%{sensitive}s", made);
}

static void strings_obey_width_and_precision(void **state) {
    (void)state;
    assert_logs("[  abc] [abc  ] [ab]", "[%5s] [%-5s] [%.2s]", "abc", "abc", "abc");
    assert_logs("[wide]", "[%{public}ls]", L"wide");
}

static void an_object_shows_as_its_string_or_description(void **state) {
    CFStringRef string = CFStringCreateWithCString(NULL, "Gecko Sink", kCFStringEncodingUTF8);

    (void)state;
    assert_logs("<private>", "%@", string);
    assert_logs("device Gecko Sink!", "device %{public}@!", string);
    assert_logs("(null)", "%{public}@", NULL);
    os_log(OS_LOG_DEFAULT, "%{public}@", kCFBooleanTrue);
    assert_true(strlen(last.message) > 0);
    assert_string_not_equal(last.message, "<private>");
    CFRelease(string);
}

static void an_object_shows_as_in_a_format_of_cfstring(void **state) {
    int value = 48000;
    double half = 0.5;
    CFNumberRef number = CFNumberCreate(NULL, kCFNumberIntType, &value);
    CFNumberRef real = CFNumberCreate(NULL, kCFNumberDoubleType, &half);
    CFUUIDRef uuid =
        CFUUIDGetConstantUUIDWithBytes(NULL, 0x44, 0x3A, 0xBA, 0xB8, 0xE7, 0xB3, 0x49, 0x1A, 0xB9,
                                       0x85, 0xBE, 0xB9, 0x18, 0x70, 0x30, 0xDB);
    CFTypeRef objects[] = {number, real, uuid, kCFBooleanTrue, CFSTR("text")};
    CFArrayRef array = CFArrayCreate(NULL, objects, 5, &kCFTypeArrayCallBacks);

    (void)state;
    assert_logs("48000 Hz, 0.5", "%{public}@ Hz, %{public}@", number, real);
    for (size_t i = 0; i <= sizeof objects / sizeof objects[0]; i++) {
        CFTypeRef object = i < 5 ? objects[i] : (CFTypeRef)array;
        CFStringRef string = CFStringCreateWithFormat(NULL, NULL, CFSTR("%@"), object);
        char expected[256];

        assert_true(CFStringGetCString(string, expected, sizeof expected, kCFStringEncodingUTF8));
        assert_logs(expected, "%{public}@", object);
        CFRelease(string);
    }
    CFRelease(array);
    CFRelease(real);
    CFRelease(number);
}

static void numbers_ignore_the_decimal_comma_of_a_locale(void **state) {
    char printed[8];

    (void)state;
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "fr_FR.UTF-8"))
        skip(); /* no such locale on this machine */
    os_log(OS_LOG_DEFAULT, "%.1f %'d", 1.5, 48000);
    snprintf(printed, sizeof printed, "%.1f", 1.5);
    setlocale(LC_ALL, "C");
    assert_string_equal(last.message, "1.5 48000");
    assert_string_equal(printed, "1,5"); /* the locale came back */
}

static void m_is_the_errno_of_the_caller_and_stays(void **state) {
    char expected[128];

    (void)state;
    snprintf(expected, sizeof expected, "open: %s", strerror(ENOENT));
    errno = ENOENT;
    os_log_error(OS_LOG_DEFAULT, "open: %m");
    assert_int_equal(errno, ENOENT);
    assert_string_equal(last.message, expected);
}

static void annotations_name_a_meaning(void **state) {
    const unsigned char uuid[16] = {0x44, 0x3A, 0xBA, 0xB8, 0xE7, 0xB3, 0x49, 0x1A,
                                    0xB9, 0x85, 0xBE, 0xB9, 0x18, 0x70, 0x30, 0xDB};
    char expected[128];

    (void)state;
    assert_logs("true NO", "%{bool}d %{BOOL}d", 1, 0);
    snprintf(expected, sizeof expected, "[2: %s]", strerror(2));
    assert_logs(expected, "%{darwin.errno}d", 2);
    assert_logs("443ABAB8-E7B3-491A-B985-BEB9187030DB", "%{public, uuid_t}.16P", uuid);
    assert_logs("<443abab8 e7>", "%{public}.*P", 5, uuid);
    assert_logs("4096", "%{public,xcode:size-in-bytes}d", 4096);
}

static void a_bad_format_does_not_read_on(void **state) {
    const char *bad = "a %y %s";
    va_list none;

    (void)state;
    memset(&none, 0, sizeof none);
    halsdk_os_logv(OS_LOG_DEFAULT, OS_LOG_TYPE_DEFAULT, bad, none);
    assert_string_equal(last.message, "a <bad conversion> %s");
    halsdk_os_logv(OS_LOG_DEFAULT, OS_LOG_TYPE_DEFAULT, "ends in %", none);
    assert_string_equal(last.message, "ends in <bad conversion>");
    halsdk_os_logv(OS_LOG_DEFAULT, OS_LOG_TYPE_DEFAULT, "open %{public", none);
    assert_string_equal(last.message, "open <bad conversion>");
}

static void a_long_message_comes_whole(void **state) {
    char *text = malloc(3001);

    (void)state;
    memset(text, 'x', 3000);
    text[3000] = '\0';
    os_log(OS_LOG_DEFAULT, "%{public}s|%d", text, 1);
    assert_int_equal(strlen(last.message), 3002);
    assert_string_equal(last.message + 2999, "x|1");
    free(text);
}

static void each_type_has_its_level(void **state) {
    (void)state;
    os_log_debug(OS_LOG_DEFAULT, "m");
    assert_string_equal(last.level, "debug");
    os_log_info(OS_LOG_DEFAULT, "m");
    assert_string_equal(last.level, "info");
    os_log(OS_LOG_DEFAULT, "m");
    assert_string_equal(last.level, "default");
    os_log_error(OS_LOG_DEFAULT, "m");
    assert_string_equal(last.level, "error");
    os_log_fault(OS_LOG_DEFAULT, "m");
    assert_string_equal(last.level, "fault");
    os_log_with_type(OS_LOG_DEFAULT, OS_LOG_TYPE_ERROR, "m");
    assert_string_equal(last.level, "error");
}

static void a_log_carries_its_names_and_is_made_once(void **state) {
    os_log_t log = os_log_create("com.example.driver", "io");

    (void)state;
    os_log(log, "m");
    assert_string_equal(last.subsystem, "com.example.driver");
    assert_string_equal(last.category, "io");
    assert_ptr_equal(os_log_create("com.example.driver", "io"), log);
    assert_ptr_not_equal(os_log_create("com.example.driver", "ui"), log);
    os_log(OS_LOG_DEFAULT, "m");
    assert_string_equal(last.subsystem, "");
}

static int side_effects;

static int side_effect(void) {
    return ++side_effects;
}

static void a_disabled_log_does_not_evaluate_its_arguments(void **state) {
    (void)state;
    os_log(OS_LOG_DISABLED, "%d", side_effect());
    assert_int_equal(side_effects, 0);
    assert_int_equal(last.count, 0);
    os_log(OS_LOG_DEFAULT, "%d", side_effect());
    assert_int_equal(side_effects, 1);
    assert_int_equal(last.count, 1);
}

static uint64_t read_constant(void *context) {
    (void)context;
    return 4711;
}

static void a_record_has_the_time_of_the_time_source(void **state) {
    const struct halsdk_time_source source = {read_constant, NULL};

    (void)state;
    halsdk_set_time_source(&source);
    os_log(OS_LOG_DEFAULT, "m");
    halsdk_set_time_source(NULL);
    assert_int_equal(last.time_ns, 4711);
}

static void syslog_lands_in_the_sink(void **state) {
    char expected[128];

    (void)state;
    syslog(LOG_NOTICE, "rate %d of %s\n", 48000, "BlackHole");
    assert_string_equal(last.message, "rate 48000 of BlackHole");
    assert_string_equal(last.level, "default");
    assert_string_equal(last.category, "");
    syslog(LOG_CRIT, "m");
    assert_string_equal(last.level, "fault");
    syslog(LOG_ERR | LOG_USER, "m");
    assert_string_equal(last.level, "error");
    syslog(LOG_INFO, "m");
    assert_string_equal(last.level, "info");
    syslog(LOG_DEBUG, "m");
    assert_string_equal(last.level, "debug");
    snprintf(expected, sizeof expected, "bind: %s", strerror(EACCES));
    errno = EACCES;
    syslog(LOG_ERR, "bind: %m");
    assert_int_equal(errno, EACCES);
    assert_string_equal(last.message, expected);
}

static void openlog_and_setlogmask_are_obeyed(void **state) {
    int old = setlogmask(LOG_UPTO(LOG_ERR));

    (void)state;
    openlog("netcat", LOG_PID, LOG_USER);
    syslog(LOG_INFO, "quiet");
    assert_int_equal(last.count, 0);
    syslog(LOG_ERR, "loud");
    assert_int_equal(last.count, 1);
    assert_string_equal(last.category, "netcat");
    closelog();
    setlogmask(old);
    assert_int_equal(setlogmask(0), old);
}

static void a_long_syslog_message_comes_whole(void **state) {
    char text[2501];

    (void)state;
    memset(text, 'y', 2500);
    text[2500] = '\0';
    syslog(LOG_NOTICE, "%s|", text);
    assert_int_equal(strlen(last.message), 2501);
}

#define WITH_SINK(test_) cmocka_unit_test_setup_teardown(test_, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_SINK(numbers_print_as_printf_prints_them),
        WITH_SINK(a_literal_shows_and_text_of_the_run_does_not),
        WITH_SINK(revealing_shows_private_but_never_sensitive_text),
        WITH_SINK(strings_obey_width_and_precision),
        WITH_SINK(an_object_shows_as_its_string_or_description),
        WITH_SINK(an_object_shows_as_in_a_format_of_cfstring),
        WITH_SINK(numbers_ignore_the_decimal_comma_of_a_locale),
        WITH_SINK(m_is_the_errno_of_the_caller_and_stays),
        WITH_SINK(annotations_name_a_meaning),
        WITH_SINK(a_bad_format_does_not_read_on),
        WITH_SINK(a_long_message_comes_whole),
        WITH_SINK(each_type_has_its_level),
        WITH_SINK(a_log_carries_its_names_and_is_made_once),
        WITH_SINK(a_disabled_log_does_not_evaluate_its_arguments),
        WITH_SINK(a_record_has_the_time_of_the_time_source),
        WITH_SINK(syslog_lands_in_the_sink),
        WITH_SINK(openlog_and_setlogmask_are_obeyed),
        WITH_SINK(a_long_syslog_message_comes_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
