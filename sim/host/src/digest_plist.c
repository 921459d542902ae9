#include "digest.h"
#include "observe.h"
#include <CoreFoundation/CoreFoundation.h>
#include <stdlib.h>

/* Deeper ones are cut; a list that contains itself ends here. */
#define MAX_DEPTH 64

/* First word of each type: numbers of CFTypeID differ from process to process. */
enum type_word {
    WORD_NULL = 1,
    WORD_STRING,
    WORD_INTEGER,
    WORD_REAL,
    WORD_BOOLEAN,
    WORD_DATA,
    WORD_DATE,
    WORD_ARRAY,
    WORD_DICTIONARY,
    WORD_URL,
    WORD_OTHER,
    WORD_CUT,
};

static uint64_t add_value(uint64_t digest, CFTypeRef value, int depth);

static uint64_t add_string(uint64_t digest, CFStringRef string) {
    CFIndex length = CFStringGetLength(string);
    UniChar part[256];
    digest = halsim_digest_word(halsim_digest_word(digest, WORD_STRING), (uint64_t)length);
    for (CFIndex at = 0; at < length; at += 256) {
        CFIndex take = length - at < 256 ? length - at : 256;
        CFStringGetCharacters(string, CFRangeMake(at, take), part);
        digest = halsim_digest_bytes(digest, part, (size_t)take * sizeof part[0]);
    }
    return digest;
}

static uint64_t add_number(uint64_t digest, CFNumberRef number) {
    if (CFNumberIsFloatType(number)) {
        double real = 0;
        (void)CFNumberGetValue(number, kCFNumberDoubleType, &real);
        return halsim_digest_real(halsim_digest_word(digest, WORD_REAL), real);
    }
    int64_t integer = 0;
    (void)CFNumberGetValue(number, kCFNumberSInt64Type, &integer);
    return halsim_digest_word(halsim_digest_word(digest, WORD_INTEGER), (uint64_t)integer);
}

static uint64_t add_array(uint64_t digest, CFArrayRef array, int depth) {
    CFIndex count = CFArrayGetCount(array);
    digest = halsim_digest_word(halsim_digest_word(digest, WORD_ARRAY), (uint64_t)count);
    for (CFIndex i = 0; i < count; i++) {
        digest = add_value(digest, CFArrayGetValueAtIndex(array, i), depth + 1);
    }
    return digest;
}

/* The sum of its pairs: a dictionary has no order. */
struct pairs {
    uint64_t sum;
    int depth;
};

static void add_pair(const void *key, const void *value, void *context) {
    struct pairs *pairs = context;
    pairs->sum += add_value(add_value(0, key, pairs->depth), value, pairs->depth);
}

static uint64_t add_dictionary(uint64_t digest, CFDictionaryRef dictionary, int depth) {
    struct pairs pairs = {.depth = depth + 1};
    CFDictionaryApplyFunction(dictionary, add_pair, &pairs);
    digest = halsim_digest_word(digest, WORD_DICTIONARY);
    digest = halsim_digest_word(digest, (uint64_t)CFDictionaryGetCount(dictionary));
    return halsim_digest_word(digest, pairs.sum);
}

static uint64_t add_url(uint64_t digest, CFURLRef url) {
    CFStringRef last = CFURLCopyLastPathComponent(url);
    digest = halsim_digest_word(digest, WORD_URL);
    if (last != NULL) {
        digest = add_string(digest, last);
        CFRelease(last);
    }
    return digest;
}

static uint64_t add_value(uint64_t digest, CFTypeRef value, int depth) {
    if (value == NULL) {
        return halsim_digest_word(digest, WORD_NULL);
    }
    if (depth >= MAX_DEPTH) {
        return halsim_digest_word(digest, WORD_CUT);
    }
    CFTypeID type = CFGetTypeID(value);
    if (type == CFStringGetTypeID()) {
        return add_string(digest, value);
    }
    if (type == CFNumberGetTypeID()) {
        return add_number(digest, value);
    }
    if (type == CFBooleanGetTypeID()) {
        return halsim_digest_word(halsim_digest_word(digest, WORD_BOOLEAN),
                                  CFBooleanGetValue(value) ? 1 : 0);
    }
    if (type == CFDataGetTypeID()) {
        return halsim_digest_bytes(halsim_digest_word(digest, WORD_DATA), CFDataGetBytePtr(value),
                                   (size_t)CFDataGetLength(value));
    }
    if (type == CFDateGetTypeID()) {
        return halsim_digest_real(halsim_digest_word(digest, WORD_DATE),
                                  CFDateGetAbsoluteTime(value));
    }
    if (type == CFArrayGetTypeID()) {
        return add_array(digest, value, depth);
    }
    if (type == CFDictionaryGetTypeID()) {
        return add_dictionary(digest, value, depth);
    }
    if (type == CFURLGetTypeID()) {
        return add_url(digest, value);
    }
    return halsim_digest_word(digest, WORD_OTHER);
}

uint64_t halsim_digest_plist(uint64_t digest, CFTypeRef value) {
    return add_value(digest, value, 0);
}
