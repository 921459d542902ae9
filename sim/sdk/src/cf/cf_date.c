/* cf_date.c - points in time. */
#include "cf_intern.h"
#include "cf_runtime.h"

#include <CoreFoundation/CFDate.h>
#include <math.h>
#include <time.h>

const CFTimeInterval kCFAbsoluteTimeIntervalSince1970 = 978307200.0;
const CFTimeInterval kCFAbsoluteTimeIntervalSince1904 = 3061152000.0;

struct cf_date {
    struct cf_object base;
    CFAbsoluteTime at;
};

CFAbsoluteTime CFAbsoluteTimeGetCurrent(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec - kCFAbsoluteTimeIntervalSince1970 + (double)now.tv_nsec * 1e-9;
}

CFTypeID CFDateGetTypeID(void) {
    return CF_TYPE_DATE;
}

CFDateRef CFDateCreate(CFAllocatorRef allocator, CFAbsoluteTime at) {
    struct cf_date *made = cf_object_create(allocator, &cf_date_class, sizeof *made);
    if (made) {
        made->at = at;
    }
    return (CFDateRef)(const void *)made;
}

CFAbsoluteTime CFDateGetAbsoluteTime(CFDateRef theDate) {
    return cf_object_expect(theDate, &cf_date_class, __func__)
               ? ((const struct cf_date *)(const void *)theDate)->at
               : 0;
}

CFTimeInterval CFDateGetTimeIntervalSinceDate(CFDateRef theDate, CFDateRef otherDate) {
    return CFDateGetAbsoluteTime(theDate) - CFDateGetAbsoluteTime(otherDate);
}

CFComparisonResult CFDateCompare(CFDateRef theDate, CFDateRef otherDate, void *context) {
    (void)context;
    CFAbsoluteTime a = CFDateGetAbsoluteTime(theDate), b = CFDateGetAbsoluteTime(otherDate);
    return a < b ? kCFCompareLessThan : a > b ? kCFCompareGreaterThan : kCFCompareEqualTo;
}

static Boolean date_equal(CFTypeRef a, CFTypeRef b) {
    return ((const struct cf_date *)a)->at == ((const struct cf_date *)b)->at;
}

static CFHashCode date_hash(CFTypeRef object) {
    double at = ((const struct cf_date *)object)->at + 0.0; /* -0 becomes 0 */
    return cf_hash_bytes(&at, sizeof at);
}

/* "2001-01-01 00:00:00 +0000" */
static CFStringRef date_copy_format(CFTypeRef object) {
    double unix_time = ((const struct cf_date *)object)->at + kCFAbsoluteTimeIntervalSince1970;
    struct tm utc;
    char text[64];
    /* Beyond this, tm_year overflows; so it does for NaN. */
    if (fabs(unix_time) < 1e16) {
        time_t seconds = (time_t)floor(unix_time);
        if (gmtime_r(&seconds, &utc) &&
            strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S +0000", &utc) > 0) {
            return cf_string_create_printf("%s", text);
        }
    }
    return cf_string_create_printf("<CFDate %p>", object);
}

static CFStringRef date_copy_description(CFTypeRef object) {
    return cf_string_create_printf("<CFDate %p>{time = %.17g}", object,
                                   ((const struct cf_date *)object)->at);
}

const struct cf_class cf_date_class = {
    .name = "CFDate",
    .type_id = CF_TYPE_DATE,
    .equal = date_equal,
    .hash = date_hash,
    .copy_description = date_copy_description,
    .copy_format = date_copy_format,
};
