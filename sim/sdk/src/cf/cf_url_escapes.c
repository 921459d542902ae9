/* cf_url_escapes.c - percent escapes of strings that need not be URLs. */
#include "cf_runtime.h"
#include "cf_url_text.h"

#include <CoreFoundation/CFURL.h>
#include <stdlib.h>

CFStringRef CFURLCreateStringByAddingPercentEscapes(CFAllocatorRef allocator,
                                                    CFStringRef originalString,
                                                    CFStringRef charactersToLeaveUnescaped,
                                                    CFStringRef legalURLCharactersToBeEscaped,
                                                    CFStringEncoding encoding) {
    if (encoding != kCFStringEncodingUTF8 && encoding != kCFStringEncodingASCII) {
        return NULL;
    }
    size_t length = 0;
    char *text = cf_string_copy_utf8(originalString, &length);
    char *leave =
        charactersToLeaveUnescaped ? cf_string_copy_name(charactersToLeaveUnescaped, NULL) : NULL;
    char *also = legalURLCharactersToBeEscaped
                     ? cf_string_copy_name(legalURLCharactersToBeEscaped, NULL)
                     : NULL;
    bool complete =
        text && !leave == !charactersToLeaveUnescaped && !also == !legalURLCharactersToBeEscaped;
    char *escaped =
        complete ? cf_url_escape(text, length, CF_URL_ESCAPE_STRING, leave, also) : NULL;
    CFStringRef result =
        escaped ? CFStringCreateWithCString(allocator, escaped, kCFStringEncodingASCII) : NULL;
    free(escaped);
    free(also);
    free(leave);
    free(text);
    return result;
}

CFStringRef CFURLCreateStringByReplacingPercentEscapes(CFAllocatorRef allocator,
                                                       CFStringRef originalString,
                                                       CFStringRef charactersToLeaveEscaped) {
    if (!charactersToLeaveEscaped) {
        return CFStringCreateCopy(allocator, originalString);
    }
    size_t length = 0;
    char *text = cf_string_copy_utf8(originalString, &length);
    char *leave = cf_string_copy_name(charactersToLeaveEscaped, NULL);
    char *plain = text && leave ? cf_url_unescape(text, length, leave, &length) : NULL;
    CFStringRef result =
        plain ? CFStringCreateWithBytes(allocator, (const UInt8 *)plain, (CFIndex)length,
                                        kCFStringEncodingUTF8, false)
              : NULL;
    free(plain);
    free(leave);
    free(text);
    return result;
}
