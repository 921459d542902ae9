/* cf_string_encoding_names.c - what encodings are called, here and elsewhere. */
#include "cf_string_private.h"

#include <stdlib.h>
#include <strings.h>

static const struct name {
    CFStringEncoding encoding;
    unsigned ns_encoding;
    const char *iana, *name;
} names[] = {
    {kCFStringEncodingUTF8, 4, "utf-8", "Unicode (UTF-8)"},
    {kCFStringEncodingASCII, 1, "us-ascii", "Western (ASCII)"},
    {kCFStringEncodingMacRoman, 30, "macintosh", "Western (Mac OS Roman)"},
    {kCFStringEncodingISOLatin1, 5, "iso-8859-1", "Western (ISO Latin 1)"},
    {kCFStringEncodingWindowsLatin1, 12, "windows-1252", "Western (Windows Latin 1)"},
    {kCFStringEncodingUTF16, 10, "utf-16", "Unicode (UTF-16)"},
    {kCFStringEncodingUTF16BE, 0x90000100, "utf-16be", "Unicode (UTF-16BE)"},
    {kCFStringEncodingUTF16LE, 0x94000100, "utf-16le", "Unicode (UTF-16LE)"},
    {kCFStringEncodingUTF32, 0x8c000100, "utf-32", "Unicode (UTF-32)"},
    {kCFStringEncodingUTF32BE, 0x98000100, "utf-32be", "Unicode (UTF-32BE)"},
    {kCFStringEncodingUTF32LE, 0x9c000100, "utf-32le", "Unicode (UTF-32LE)"},
};
enum {
    NAME_COUNT = sizeof names / sizeof names[0]
};

static const struct name *find(CFStringEncoding encoding) {
    for (size_t i = 0; i < NAME_COUNT; i++) {
        if (names[i].encoding == encoding) {
            return &names[i];
        }
    }
    return NULL;
}

CFStringEncoding CFStringGetSystemEncoding(void) {
    return kCFStringEncodingMacRoman;
}

Boolean CFStringIsEncodingAvailable(CFStringEncoding encoding) {
    return find(encoding) != NULL;
}

CFStringRef CFStringGetNameOfEncoding(CFStringEncoding encoding) {
    const struct name *name = find(encoding);
    return name ? __CFStringMakeConstantString(name->name) : NULL;
}

CFStringRef CFStringConvertEncodingToIANACharSetName(CFStringEncoding encoding) {
    const struct name *name = find(encoding);
    return name ? __CFStringMakeConstantString(name->iana) : NULL;
}

CFStringEncoding CFStringConvertIANACharSetNameToEncoding(CFStringRef theString) {
    char *text = cf_string_copy_name(theString, NULL);
    CFStringEncoding encoding = kCFStringEncodingInvalidId;
    for (size_t i = 0; text && i < NAME_COUNT; i++) {
        if (strcasecmp(names[i].iana, text) == 0) {
            encoding = names[i].encoding;
        }
    }
    free(text);
    return encoding;
}

unsigned long CFStringConvertEncodingToNSStringEncoding(CFStringEncoding encoding) {
    const struct name *name = find(encoding);
    return name ? name->ns_encoding : kCFStringEncodingInvalidId;
}

CFStringEncoding CFStringConvertNSStringEncodingToEncoding(unsigned long encoding) {
    for (size_t i = 0; i < NAME_COUNT; i++) {
        if (names[i].ns_encoding == encoding) {
            return names[i].encoding;
        }
    }
    return kCFStringEncodingInvalidId;
}
