/* cf_string_array.c - from one string to an array of strings and back. */
#include "cf_string_private.h"

#include <CoreFoundation/CFArray.h>

CFArrayRef CFStringCreateArrayBySeparatingStrings(CFAllocatorRef alloc, CFStringRef theString,
                                                  CFStringRef separatorString) {
    struct cf_view text, separator;
    if (!cf_string_view(theString, &text, __func__) ||
        !cf_string_view(separatorString, &separator, __func__)) {
        return NULL;
    }
    CFMutableArrayRef parts = CFArrayCreateMutable(alloc, 0, &kCFTypeArrayCallBacks);
    CFIndex start = 0;
    while (parts) {
        CFRange found = CFRangeMake(text.length, 0);
        bool more = CFStringFindWithOptions(theString, separatorString,
                                            CFRangeMake(start, text.length - start), 0, &found);
        CFStringRef part = CFStringCreateWithSubstring(alloc, theString,
                                                       CFRangeMake(start, found.location - start));
        if (!part) {
            CFRelease(parts);
            return NULL;
        }
        CFArrayAppendValue(parts, part);
        CFRelease(part);
        if (!more) {
            break;
        }
        start = found.location + found.length;
    }
    return parts;
}

CFStringRef CFStringCreateByCombiningStrings(CFAllocatorRef alloc, CFArrayRef theArray,
                                             CFStringRef separatorString) {
    CFMutableStringRef text = CFStringCreateMutable(NULL, 0);
    CFIndex count = CFArrayGetCount(theArray);
    for (CFIndex i = 0; text && i < count; i++) {
        if (i > 0 && separatorString) {
            CFStringAppend(text, separatorString);
        }
        CFStringAppend(text, CFArrayGetValueAtIndex(theArray, i));
    }
    CFStringRef made = text ? CFStringCreateCopy(alloc, text) : NULL;
    if (text) {
        CFRelease(text);
    }
    return made;
}
