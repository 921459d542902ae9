/* cf_string_read.c - getting at what a string holds, in any encoding. */
#include "cf_string_private.h"

#include <CoreFoundation/CFData.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

CFIndex CFStringGetLength(CFStringRef theString) {
    struct cf_view view;
    cf_string_view(theString, &view, __func__);
    return view.length;
}

UniChar CFStringGetCharacterAtIndex(CFStringRef theString, CFIndex idx) {
    struct cf_view view;
    if (!cf_string_view(theString, &view, __func__) ||
        !cf_range_expect(theString, CFRangeMake(idx, 1), view.length, __func__)) {
        return 0;
    }
    return cf_view_at(&view, idx);
}

void CFStringGetCharacters(CFStringRef theString, CFRange range, UniChar *buffer) {
    struct cf_view view;
    if (cf_string_view(theString, &view, __func__) &&
        cf_range_expect(theString, range, view.length, __func__)) {
        view = cf_view_slice(view, range.location, range.length);
        cf_view_copy_units(&view, buffer);
    }
}

const char *CFStringGetCStringPtr(CFStringRef theString, CFStringEncoding encoding) {
    struct cf_view view;
    if (!cf_string_view(theString, &view, __func__) || !cf_encoding_extends_ascii(encoding)) {
        return NULL;
    }
    return (const char *)view.narrow;
}

const UniChar *CFStringGetCharactersPtr(CFStringRef theString) {
    struct cf_view view;
    return cf_string_view(theString, &view, __func__) ? view.wide : NULL;
}

/* ---- conversion --------------------------------------------------------------------------- */

struct output {
    UInt8 *buffer; /* NULL: only count */
    CFIndex size, used;
};

static bool output_put(struct output *output, const uint8_t *bytes, int count) {
    if (output->buffer) {
        if (count > output->size - output->used) {
            return false;
        }
        memcpy(output->buffer + output->used, bytes, (size_t)count);
    }
    output->used += count;
    return true;
}

static bool wants_mark(CFStringEncoding encoding) {
    return encoding == kCFStringEncodingUTF16 || encoding == kCFStringEncodingUTF32;
}

/* Returns the units converted. */
static CFIndex convert(const struct cf_view *view, CFStringEncoding encoding, UInt8 loss_byte,
                       bool external, struct output *output) {
    uint8_t bytes[4];
    if (external && wants_mark(encoding) &&
        !output_put(output, bytes, cf_encode(encoding, 0xFEFF, bytes))) {
        return 0;
    }
    CFIndex done = 0;
    while (done < view->length) {
        CFIndex next = done;
        int count = cf_encode(encoding, cf_view_next_character(view, &next), bytes);
        if (count == 0 && loss_byte) {
            count = cf_encode(encoding, loss_byte, bytes);
        }
        if (count == 0 || !output_put(output, bytes, count)) {
            break;
        }
        done = next;
    }
    return done;
}

CFIndex CFStringGetBytes(CFStringRef theString, CFRange range, CFStringEncoding encoding,
                         UInt8 lossByte, Boolean isExternalRepresentation, UInt8 *buffer,
                         CFIndex maxBufLen, CFIndex *usedBufLen) {
    struct cf_view view;
    struct output output = {buffer, maxBufLen, 0};
    CFIndex done = 0;
    if (cf_string_view(theString, &view, __func__) &&
        cf_range_expect(theString, range, view.length, __func__)) {
        view = cf_view_slice(view, range.location, range.length);
        done = convert(&view, encoding, lossByte, isExternalRepresentation, &output);
    }
    if (usedBufLen) {
        *usedBufLen = output.used;
    }
    return done;
}

Boolean CFStringGetCString(CFStringRef theString, char *buffer, CFIndex bufferSize,
                           CFStringEncoding encoding) {
    struct cf_view view;
    if (!cf_string_view(theString, &view, __func__) || !buffer || bufferSize < 1) {
        return false;
    }
    struct output output = {(UInt8 *)buffer, bufferSize - 1, 0};
    if (convert(&view, encoding, 0, false, &output) < view.length) {
        buffer[0] = '\0';
        return false;
    }
    buffer[output.used] = '\0';
    return true;
}

/* With U+FFFD for each half of a surrogate pair: then *exact is false. */
static char *copy_utf8(CFStringRef string, size_t *length, bool *exact, const char *function) {
    struct cf_view view;
    if (!cf_string_view(string, &view, function)) {
        return NULL;
    }
    uint8_t *text = malloc((size_t)view.length * 3 + 1);
    size_t used = 0;
    *exact = true;
    for (CFIndex at = 0; text && at < view.length;) {
        uint32_t character = cf_view_next_character(&view, &at);
        int count = cf_encode(kCFStringEncodingUTF8, character, text + used);
        if (count == 0) {
            *exact = false;
            count = cf_encode(kCFStringEncodingUTF8, 0xFFFD, text + used);
        }
        used += (size_t)count;
    }
    if (text) {
        text[used] = '\0';
    }
    *length = used;
    return (char *)text;
}

char *cf_string_copy_utf8(CFStringRef string, size_t *length) {
    size_t found = 0;
    bool exact;
    char *text = copy_utf8(string, &found, &exact, __func__);
    if (length) {
        *length = found;
    }
    return text;
}

char *cf_string_copy_name(CFStringRef string, const char **flaw) {
    size_t length = 0;
    bool exact = true;
    char *text = copy_utf8(string, &length, &exact, __func__);
    if (!text || (exact && strlen(text) == length)) {
        return text;
    }
    if (flaw) {
        *flaw = exact ? "a NUL character" : "half of a surrogate pair";
    }
    free(text);
    return NULL;
}

/* ---- sizes -------------------------------------------------------------------------------- */

CFIndex CFStringGetMaximumSizeForEncoding(CFIndex length, CFStringEncoding encoding) {
    CFIndex each = 1;
    if (encoding == kCFStringEncodingUTF8) {
        each = 3; /* a pair, two units, takes only four */
    } else if (!cf_encoding_extends_ascii(encoding)) {
        each = encoding == kCFStringEncodingUTF32 || encoding == kCFStringEncodingUTF32BE ||
                       encoding == kCFStringEncodingUTF32LE
                   ? 4
                   : 2;
    }
    return length < 0 || length > LONG_MAX / each ? kCFNotFound : length * each;
}

CFIndex CFStringGetMaximumSizeOfFileSystemRepresentation(CFStringRef string) {
    CFIndex size =
        CFStringGetMaximumSizeForEncoding(CFStringGetLength(string), kCFStringEncodingUTF8);
    return size == kCFNotFound || size == LONG_MAX ? kCFNotFound : size + 1;
}

Boolean CFStringGetFileSystemRepresentation(CFStringRef string, char *buffer, CFIndex maxBufLen) {
    CFIndex length = CFStringGetLength(string);
    for (CFIndex i = 0; i < length; i++) {
        if (CFStringGetCharacterAtIndex(string, i) == 0) {
            return false;
        }
    }
    return CFStringGetCString(string, buffer, maxBufLen, kCFStringEncodingUTF8);
}

CFStringRef CFStringCreateWithFileSystemRepresentation(CFAllocatorRef alloc, const char *buffer) {
    return CFStringCreateWithCString(alloc, buffer, kCFStringEncodingUTF8);
}

/* ---- external representation -------------------------------------------------------------- */

CFDataRef CFStringCreateExternalRepresentation(CFAllocatorRef alloc, CFStringRef theString,
                                               CFStringEncoding encoding, UInt8 lossByte) {
    struct cf_view view;
    struct output output = {0};
    if (!cf_string_view(theString, &view, __func__) ||
        convert(&view, encoding, lossByte, true, &output) < view.length) {
        return NULL;
    }
    CFMutableDataRef data = CFDataCreateMutable(alloc, 0);
    if (data) {
        CFDataSetLength(data, output.used);
        output = (struct output){CFDataGetMutableBytePtr(data), output.used, 0};
        convert(&view, encoding, lossByte, true, &output);
    }
    return data;
}

CFStringRef CFStringCreateFromExternalRepresentation(CFAllocatorRef alloc, CFDataRef data,
                                                     CFStringEncoding encoding) {
    return CFStringCreateWithBytes(alloc, CFDataGetBytePtr(data), CFDataGetLength(data), encoding,
                                   true);
}
