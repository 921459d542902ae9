/* cf_url.c - CFURL: a string, its base, and what its path names. */
#include "cf_runtime.h"
#include "cf_url_text.h"

#include <CoreFoundation/CFURL.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct cf_url {
    struct cf_object base;
    CFStringRef string;
    CFURLRef base_url; /* NULL when absolute */
    char *text;        /* the string as ASCII */
    struct cf_url_parts parts;
};

static const struct cf_url *checked(CFTypeRef object, const char *function) {
    return cf_object_expect(object, &cf_url_class, function) ? object : NULL;
}

static CFStringRef string_of(const char *text, size_t length) {
    return CFStringCreateWithBytes(NULL, (const UInt8 *)text, (CFIndex)length,
                                   kCFStringEncodingUTF8, false);
}

static CFStringRef string_of_part(const struct cf_url *url, struct cf_url_part part) {
    return part.present ? string_of(url->text + part.at, part.length) : NULL;
}

/* ---- making ------------------------------------------------------------------------------- */

/* Takes over `text`, which may be NULL when memory was out. */
static CFURLRef create(CFAllocatorRef allocator, char *text, CFURLRef base_url) {
    struct cf_url *url = text ? cf_object_create(allocator, &cf_url_class, sizeof *url) : NULL;
    if (!url) {
        free(text);
        return NULL;
    }
    url->text = text;
    cf_url_split(text, &url->parts);
    url->string = string_of(text, strlen(text));
    /* A base says nothing about a URL that has a scheme. */
    if (base_url && !url->parts.scheme.present) {
        url->base_url = CFRetain(base_url);
    }
    return (CFURLRef)(const void *)url;
}

CFTypeID CFURLGetTypeID(void) {
    return CF_TYPE_URL;
}

CFURLRef CFURLCreateWithString(CFAllocatorRef allocator, CFStringRef URLString, CFURLRef baseURL) {
    char *text = cf_string_copy_name(URLString, NULL);
    if (!text || !cf_url_is_valid(text) || (text[0] == '\0' && !baseURL)) {
        free(text);
        return NULL;
    }
    return create(allocator, text, baseURL);
}

CFURLRef CFURLCreateWithBytes(CFAllocatorRef allocator, const UInt8 *URLBytes, CFIndex length,
                              CFStringEncoding encoding, CFURLRef baseURL) {
    if (encoding != kCFStringEncodingUTF8 && encoding != kCFStringEncodingASCII) {
        return NULL;
    }
    CFStringRef string = CFStringCreateWithBytes(NULL, URLBytes, length, encoding, false);
    if (!string) {
        return NULL;
    }
    size_t given_length = 0;
    char *given = cf_string_copy_utf8(string, &given_length);
    CFRelease(string);
    char *text =
        given ? cf_url_escape(given, given_length, CF_URL_ESCAPE_INVALID, NULL, NULL) : NULL;
    free(given);
    if (text && text[0] == '\0' && !baseURL) {
        free(text);
        return NULL;
    }
    return create(allocator, text, baseURL);
}

/* "file://" before an absolute path, "./" before a relative one that looks like a scheme. Only a
 * directory ends in a slash. */
static CFURLRef create_with_path(CFAllocatorRef allocator, const char *path, size_t length,
                                 bool is_directory, CFURLRef base_url) {
    while (!is_directory && length > 1 && path[length - 1] == '/') {
        length--;
    }
    if (length == 0 || memchr(path, '\0', length)) {
        return NULL;
    }
    char *escaped = cf_url_escape(path, length, CF_URL_ESCAPE_PATH, NULL, NULL);
    char *text = escaped ? malloc(strlen(escaped) + sizeof "file:///") : NULL;
    if (text) {
        bool absolute = path[0] == '/';
        size_t colon = strcspn(escaped, ":/");
        strcpy(text, absolute ? "file://" : escaped[colon] == ':' ? "./" : "");
        strcat(text, escaped);
        if (is_directory && path[length - 1] != '/') {
            strcat(text, "/");
        }
    }
    free(escaped);
    return create(allocator, text, base_url);
}

static CFURLRef copy_working_directory(void) {
    char *path = getcwd(NULL, 0); /* allocated, in glibc and musl */
    CFURLRef url = path ? create_with_path(NULL, path, strlen(path), true, NULL) : NULL;
    free(path);
    return url;
}

CFURLRef CFURLCreateFromFileSystemRepresentation(CFAllocatorRef allocator, const UInt8 *buffer,
                                                 CFIndex bufLen, Boolean isDirectory) {
    if (!buffer || bufLen <= 0) {
        return NULL;
    }
    CFURLRef base_url = buffer[0] == '/' ? NULL : copy_working_directory();
    CFURLRef url =
        create_with_path(allocator, (const char *)buffer, (size_t)bufLen, isDirectory, base_url);
    if (base_url) {
        CFRelease(base_url);
    }
    return url;
}

CFURLRef CFURLCreateWithFileSystemPath(CFAllocatorRef allocator, CFStringRef filePath,
                                       CFURLPathStyle pathStyle, Boolean isDirectory) {
    char *path = pathStyle == kCFURLPOSIXPathStyle ? cf_string_copy_name(filePath, NULL) : NULL;
    CFURLRef url = path ? CFURLCreateFromFileSystemRepresentation(
                              allocator, (const UInt8 *)path, (CFIndex)strlen(path), isDirectory)
                        : NULL;
    free(path);
    return url;
}

CFURLRef CFURLCreateWithFileSystemPathRelativeToBase(CFAllocatorRef allocator, CFStringRef filePath,
                                                     CFURLPathStyle pathStyle, Boolean isDirectory,
                                                     CFURLRef baseURL) {
    if (!baseURL) {
        return CFURLCreateWithFileSystemPath(allocator, filePath, pathStyle, isDirectory);
    }
    char *path = pathStyle == kCFURLPOSIXPathStyle ? cf_string_copy_name(filePath, NULL) : NULL;
    CFURLRef url =
        path ? create_with_path(allocator, path, strlen(path), isDirectory, baseURL) : NULL;
    free(path);
    return url;
}

/* ---- asking ------------------------------------------------------------------------------- */

CFStringRef CFURLGetString(CFURLRef anURL) {
    const struct cf_url *url = checked(anURL, __func__);
    return url ? url->string : NULL;
}

CFURLRef CFURLGetBaseURL(CFURLRef anURL) {
    const struct cf_url *url = checked(anURL, __func__);
    return url ? url->base_url : NULL;
}

CFURLRef CFURLCopyAbsoluteURL(CFURLRef relativeURL) {
    const struct cf_url *url = checked(relativeURL, __func__);
    if (!url || !url->base_url) {
        return url ? CFRetain(relativeURL) : NULL;
    }
    CFURLRef base_url = CFURLCopyAbsoluteURL(url->base_url);
    const struct cf_url *base = (const void *)base_url;
    CFURLRef absolute = base ? create(NULL, cf_url_resolve(base->text, url->text), NULL) : NULL;
    if (base_url) {
        CFRelease(base_url);
    }
    return absolute;
}

Boolean CFURLCanBeDecomposed(CFURLRef anURL) {
    const struct cf_url *url = checked(anURL, __func__);
    return url && (!url->parts.scheme.present || url->parts.authority.present ||
                   url->text[url->parts.path.at] == '/');
}

CFStringRef CFURLCopyScheme(CFURLRef anURL) {
    const struct cf_url *url = checked(anURL, __func__);
    if (url && !url->parts.scheme.present && url->base_url) {
        return CFURLCopyScheme(url->base_url);
    }
    return url ? string_of_part(url, url->parts.scheme) : NULL;
}

CFStringRef CFURLCopyNetLocation(CFURLRef anURL) {
    const struct cf_url *url = checked(anURL, __func__);
    return url ? string_of_part(url, url->parts.authority) : NULL;
}

CFStringRef CFURLCopyHostName(CFURLRef anURL) {
    const struct cf_url *url = checked(anURL, __func__);
    if (!url || url->parts.authority.length == 0) {
        return NULL;
    }
    /* [user[:password]@] host [:port], where a host in brackets may hold colons */
    const char *start = url->text + url->parts.authority.at;
    const char *end = start + url->parts.authority.length;
    const char *at = memchr(start, '@', (size_t)(end - start));
    start = at ? at + 1 : start;
    const char *stop = start;
    while (stop < end && *stop != ':') {
        const char *bracket = *stop == '[' ? memchr(stop, ']', (size_t)(end - stop)) : NULL;
        stop = bracket ? bracket : stop + 1;
    }
    return stop > start ? string_of(start, (size_t)(stop - start)) : NULL;
}

CFStringRef CFURLCopyPath(CFURLRef anURL) {
    const struct cf_url *url = checked(anURL, __func__);
    return url ? string_of_part(url, url->parts.path) : NULL;
}

static CFStringRef copy_unescaped(const struct cf_url *url, struct cf_url_part part,
                                  CFStringRef leave_escaped) {
    CFStringRef escaped = string_of_part(url, part);
    CFStringRef result =
        escaped ? CFURLCreateStringByReplacingPercentEscapes(NULL, escaped, leave_escaped) : NULL;
    if (escaped) {
        CFRelease(escaped);
    }
    return result;
}

CFStringRef CFURLCopyQueryString(CFURLRef anURL, CFStringRef charactersToLeaveEscaped) {
    const struct cf_url *url = checked(anURL, __func__);
    return url ? copy_unescaped(url, url->parts.query, charactersToLeaveEscaped) : NULL;
}

CFStringRef CFURLCopyFragment(CFURLRef anURL, CFStringRef charactersToLeaveEscaped) {
    const struct cf_url *url = checked(anURL, __func__);
    return url ? copy_unescaped(url, url->parts.fragment, charactersToLeaveEscaped) : NULL;
}

/* The path without slashes at its end; "/" stays. */
static struct cf_url_part trimmed_path(const struct cf_url *url) {
    struct cf_url_part path = url->parts.path;
    while (path.length > 1 && url->text[path.at + path.length - 1] == '/') {
        path.length--;
    }
    return path;
}

static struct cf_url_part last_component(const struct cf_url *url) {
    struct cf_url_part path = trimmed_path(url), last = path;
    if (path.length > 1) {
        size_t start = path.at + path.length;
        while (start > path.at && url->text[start - 1] != '/') {
            start--;
        }
        last.at = start;
        last.length = path.at + path.length - start;
    }
    return last;
}

Boolean CFURLHasDirectoryPath(CFURLRef anURL) {
    const struct cf_url *url = checked(anURL, __func__);
    if (!url) {
        return false;
    }
    struct cf_url_part path = url->parts.path, last = last_component(url);
    return (path.length > 0 && url->text[path.at + path.length - 1] == '/') ||
           (last.length == 1 && url->text[last.at] == '.') ||
           (last.length == 2 && strncmp(url->text + last.at, "..", 2) == 0);
}

Boolean CFURLGetFileSystemRepresentation(CFURLRef anURL, Boolean resolveAgainstBase, UInt8 *buffer,
                                         CFIndex maxBufLen) {
    const struct cf_url *url = checked(anURL, __func__);
    if (!url || !buffer || maxBufLen <= 0) {
        return false;
    }
    if (resolveAgainstBase && url->base_url) {
        CFURLRef absolute = CFURLCopyAbsoluteURL(anURL);
        bool ok = absolute && CFURLGetFileSystemRepresentation(absolute, false, buffer, maxBufLen);
        if (absolute) {
            CFRelease(absolute);
        }
        return ok;
    }
    if (url->parts.scheme.present &&
        (url->parts.scheme.length != 4 || strncmp(url->text, "file", 4) != 0)) {
        return false;
    }
    struct cf_url_part path = trimmed_path(url);
    size_t length = 0;
    char *bytes = cf_url_unescape(url->text + path.at, path.length, NULL, &length);
    bool ok = bytes && length < (size_t)maxBufLen && !memchr(bytes, '\0', length);
    if (ok) {
        memcpy(buffer, bytes, length + 1);
    }
    free(bytes);
    return ok;
}

CFStringRef CFURLCopyFileSystemPath(CFURLRef anURL, CFURLPathStyle pathStyle) {
    const struct cf_url *url = checked(anURL, __func__);
    if (!url || pathStyle != kCFURLPOSIXPathStyle) {
        return NULL;
    }
    return copy_unescaped(url, trimmed_path(url), CFSTR(""));
}

CFStringRef CFURLCopyLastPathComponent(CFURLRef anURL) {
    const struct cf_url *url = checked(anURL, __func__);
    return url ? copy_unescaped(url, last_component(url), CFSTR("")) : NULL;
}

/* Of the last component, without the dot; not of ".profile". */
static struct cf_url_part extension(const struct cf_url *url) {
    struct cf_url_part last = last_component(url);
    for (size_t i = last.length; i-- > 1;) {
        if (url->text[last.at + i] == '.' && i + 1 < last.length) {
            return (struct cf_url_part){last.at + i + 1, last.length - i - 1, true};
        }
        if (url->text[last.at + i] == '.') {
            break;
        }
    }
    return (struct cf_url_part){0};
}

CFStringRef CFURLCopyPathExtension(CFURLRef anURL) {
    const struct cf_url *url = checked(anURL, __func__);
    return url ? copy_unescaped(url, extension(url), CFSTR("")) : NULL;
}

/* ---- changing ----------------------------------------------------------------------------- */

/* The URL with the bytes of `where` replaced by `with`. */
static CFURLRef create_replacing(CFAllocatorRef allocator, const struct cf_url *url, size_t at,
                                 size_t length, const char *with) {
    char *text = malloc(strlen(url->text) - length + strlen(with) + 1);
    if (text) {
        memcpy(text, url->text, at);
        strcpy(text + at, with);
        strcat(text + at, url->text + at + length);
    }
    return create(allocator, text, url->base_url);
}

CFURLRef CFURLCreateCopyAppendingPathComponent(CFAllocatorRef allocator, CFURLRef anURL,
                                               CFStringRef pathComponent, Boolean isDirectory) {
    const struct cf_url *url = checked(anURL, __func__);
    char *component = url ? cf_string_copy_name(pathComponent, NULL) : NULL;
    if (!component) {
        return NULL;
    }
    const char *name = component + strspn(component, "/");
    char *escaped = cf_url_escape(name, strlen(name), CF_URL_ESCAPE_PATH, NULL, NULL);
    char *added = escaped ? malloc(strlen(escaped) + 3) : NULL;
    CFURLRef result = NULL;
    if (added) {
        struct cf_url_part path = url->parts.path;
        bool slash = path.length > 0 ? url->text[path.at + path.length - 1] != '/'
                                     : url->parts.authority.present;
        strcpy(added, slash ? "/" : "");
        strcat(added, escaped);
        if (isDirectory && (name[0] == '\0' || name[strlen(name) - 1] != '/')) {
            strcat(added, name[0] == '\0' ? "" : "/");
        }
        result = create_replacing(allocator, url, path.at + path.length, 0, added);
    }
    free(added);
    free(escaped);
    free(component);
    return result;
}

CFURLRef CFURLCreateCopyDeletingLastPathComponent(CFAllocatorRef allocator, CFURLRef anURL) {
    const struct cf_url *url = checked(anURL, __func__);
    if (!url) {
        return NULL;
    }
    struct cf_url_part path = url->parts.path, last = last_component(url);
    size_t end = path.at + path.length;
    bool up = last.length == 2 && strncmp(url->text + last.at, "..", 2) == 0;
    bool root = last.length == 1 && url->text[last.at] == '/';
    if (path.length == 0 || root || up) {
        /* Nothing left to delete: go up. */
        bool slash = path.length > 0 && url->text[end - 1] != '/';
        return create_replacing(allocator, url, end, 0, slash ? "/../" : "../");
    }
    return create_replacing(allocator, url, last.at, end - last.at, last.at == path.at ? "./" : "");
}

CFURLRef CFURLCreateCopyAppendingPathExtension(CFAllocatorRef allocator, CFURLRef anURL,
                                               CFStringRef ext) {
    const struct cf_url *url = checked(anURL, __func__);
    char *plain = url ? cf_string_copy_name(ext, NULL) : NULL;
    char *escaped =
        plain ? cf_url_escape(plain, strlen(plain), CF_URL_ESCAPE_PATH, NULL, "/") : NULL;
    char *added = escaped ? malloc(strlen(escaped) + 2) : NULL;
    CFURLRef result = NULL;
    if (added) {
        struct cf_url_part last = last_component(url);
        strcpy(added, ".");
        strcat(added, escaped);
        result = create_replacing(allocator, url, last.at + last.length, 0, added);
    }
    free(added);
    free(escaped);
    free(plain);
    return result;
}

CFURLRef CFURLCreateCopyDeletingPathExtension(CFAllocatorRef allocator, CFURLRef anURL) {
    const struct cf_url *url = checked(anURL, __func__);
    if (!url) {
        return NULL;
    }
    struct cf_url_part ext = extension(url);
    return ext.present ? create_replacing(allocator, url, ext.at - 1, ext.length + 1, "")
                       : CFRetain(anURL);
}

/* ---- the class ---------------------------------------------------------------------------- */

static void url_finalize(CFTypeRef object) {
    const struct cf_url *url = object;
    if (url->string) {
        CFRelease(url->string);
    }
    if (url->base_url) {
        CFRelease(url->base_url);
    }
    free(url->text);
}

static Boolean url_equal(CFTypeRef a, CFTypeRef b) {
    const struct cf_url *url1 = a, *url2 = b;
    if (strcmp(url1->text, url2->text) != 0 || !url1->base_url != !url2->base_url) {
        return false;
    }
    return !url1->base_url || CFEqual(url1->base_url, url2->base_url);
}

static CFHashCode url_hash(CFTypeRef object) {
    return CFHash(((const struct cf_url *)object)->string);
}

/* "a/b -- file:///base/", as on a Mac */
static CFStringRef url_copy_format(CFTypeRef object) {
    const struct cf_url *url = object;
    if (!url->base_url) {
        return CFRetain(url->string);
    }
    return CFStringCreateWithFormat(NULL, NULL, CFSTR("%@ -- %@"), url->string, url->base_url);
}

static CFStringRef url_copy_description(CFTypeRef object) {
    CFStringRef text = url_copy_format(object);
    CFStringRef result =
        CFStringCreateWithFormat(NULL, NULL, CFSTR("<CFURL %p>{string = %@}"), object, text);
    CFRelease(text);
    return result;
}

const struct cf_class cf_url_class = {
    .name = "CFURL",
    .type_id = CF_TYPE_URL,
    .finalize = url_finalize,
    .equal = url_equal,
    .hash = url_hash,
    .copy_description = url_copy_description,
    .copy_format = url_copy_format,
};
