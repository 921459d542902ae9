/* cf_bundle_executable.c - loading a bundle's code, and saying why it cannot be loaded. */
#define _GNU_SOURCE /* dladdr(), ElfW() */
#include "cf_bundle_private.h"
#include "cf_error_private.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- which file --------------------------------------------------------------------------- */

static char *copy_path_of(const struct cf_bundle *bundle, const char *name) {
    return cf_bundle_copy_path(bundle, bundle->flat ? "" : "MacOS/", name, NULL);
}

/* What CFBundleExecutable says, else the bundle's name without extension. NULL: no memory, or no
 * name that a file can have. */
static char *copy_executable_path(const struct cf_bundle *bundle) {
    CFStringRef named = cf_bundle_info_string(bundle, kCFBundleExecutableKey);
    char *name;
    if (named) {
        name = cf_string_copy_name(named, NULL);
    } else {
        const char *slash = strrchr(bundle->path, '/');
        name = strdup(slash ? slash + 1 : bundle->path);
        char *dot = name ? strrchr(name, '.') : NULL;
        if (dot) {
            *dot = '\0';
        }
    }
    char *path = name ? copy_path_of(bundle, name) : NULL;
    free(name);
    return path;
}

static bool is_file(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

CFURLRef CFBundleCopyExecutableURL(CFBundleRef object) {
    const struct cf_bundle *bundle = cf_bundle_checked(object, __func__);
    char *path = bundle ? copy_executable_path(bundle) : NULL;
    CFURLRef url = path && is_file(path) ? cf_bundle_copy_url_of_file(path) : NULL;
    free(path);
    return url;
}

/* ---- what is wrong with it ---------------------------------------------------------------- */

struct problem {
    CFIndex code; /* 0: none */
    char text[1024];
};

static void __attribute__((format(printf, 3, 4)))
set_problem(struct problem *problem, CFIndex code, const char *format, ...) {
    va_list arguments;
    problem->code = code;
    va_start(arguments, format);
    vsnprintf(problem->text, sizeof problem->text, format, arguments);
    va_end(arguments);
}

static bool is_mach_o(const unsigned char *bytes) {
    static const unsigned char magics[][4] = {
        {0xCF, 0xFA, 0xED, 0xFE}, /* 64 bits, little-endian */
        {0xCE, 0xFA, 0xED, 0xFE}, /* 32 bits */
        {0xCA, 0xFE, 0xBA, 0xBE}, /* several architectures */
        {0xCA, 0xFE, 0xBA, 0xBF}, /* the same with 64-bit offsets */
    };
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
        if (memcmp(bytes, magics[i], sizeof *magics) == 0) {
            return true;
        }
    }
    return false;
}

static const char *machine_name(unsigned machine) {
    switch (machine) {
    case EM_386:
        return "x86";
    case EM_X86_64:
        return "x86-64";
    case EM_ARM:
        return "ARM";
    case EM_AARCH64:
        return "AArch64";
    case EM_RISCV:
        return "RISC-V";
    default:
        return "another machine";
    }
}

/* The machine that this library was built for, from its own header in memory. */
static bool read_own_header(ElfW(Ehdr) * header) {
    Dl_info info;
    if (!dladdr(machine_name, &info) || !info.dli_fbase) {
        return false;
    }
    memcpy(header, info.dli_fbase, sizeof *header);
    return memcmp(header->e_ident, ELFMAG, SELFMAG) == 0;
}

/* Class, byte order, type and machine stand at the same place in 32- and 64-bit headers. */
static void check_header(const unsigned char *bytes, size_t length, struct problem *problem) {
    ElfW(Ehdr) header = {0}, own;
    if (length >= 4 && is_mach_o(bytes)) {
        set_problem(problem, CF_BUNDLE_WRONG_ARCHITECTURE,
                    "a Mach-O binary, which only macOS loads: build the driver for Linux");
    } else if (length < 4 || memcmp(bytes, ELFMAG, SELFMAG) != 0) {
        if (length < 4) {
            set_problem(problem, CF_BUNDLE_NOT_LOADABLE, "not an ELF shared object but %zu bytes",
                        length);
        } else {
            set_problem(problem, CF_BUNDLE_NOT_LOADABLE,
                        "not an ELF shared object (it starts with %02x %02x %02x %02x)", bytes[0],
                        bytes[1], bytes[2], bytes[3]);
        }
    } else if (length < sizeof header) {
        set_problem(problem, CF_BUNDLE_NOT_LOADABLE,
                    "an ELF file cut off after %zu bytes, within its header", length);
    } else if (read_own_header(&own)) {
        memcpy(&header, bytes, sizeof header);
        if (header.e_ident[EI_CLASS] != own.e_ident[EI_CLASS] ||
            header.e_ident[EI_DATA] != own.e_ident[EI_DATA] || header.e_machine != own.e_machine) {
            set_problem(problem, CF_BUNDLE_WRONG_ARCHITECTURE,
                        "an ELF file for %s (machine %u), this process is %s (machine %u)",
                        machine_name(header.e_machine), header.e_machine,
                        machine_name(own.e_machine), own.e_machine);
        } else if (header.e_type != ET_DYN) {
            set_problem(problem, CF_BUNDLE_NOT_LOADABLE, "an ELF %s, not a shared object",
                        header.e_type == ET_REL    ? "object file (.o)"
                        : header.e_type == ET_EXEC ? "program"
                                                   : "file of another type");
        }
    }
}

/* dlopen() maps what the program headers promise, and the process dies of SIGBUS when it touches
 * what a file that was cut off does not have. */
static void check_length(int file, struct problem *problem) {
    ElfW(Ehdr) header;
    struct stat status;
    if (pread(file, &header, sizeof header, 0) != (ssize_t)sizeof header ||
        fstat(file, &status) != 0) {
        return;
    }
    uint64_t size = (uint64_t)status.st_size;
    for (unsigned i = 0; i < header.e_phnum; i++) {
        ElfW(Phdr) segment;
        off_t at = (off_t)(header.e_phoff + (uint64_t)i * header.e_phentsize);
        bool complete = header.e_phentsize == sizeof segment &&
                        pread(file, &segment, sizeof segment, at) == (ssize_t)sizeof segment;
        if (!complete ||
            (segment.p_type == PT_LOAD &&
             (segment.p_filesz > size || segment.p_offset > size - segment.p_filesz))) {
            set_problem(problem, CF_BUNDLE_NOT_LOADABLE,
                        "an ELF file cut off after %llu bytes, before the end of segment %u",
                        (unsigned long long)size, i);
            return;
        }
    }
}

static void check_file(const char *path, struct problem *problem) {
    unsigned char bytes[sizeof(ElfW(Ehdr))];
    if (!is_file(path)) {
        set_problem(problem, CF_BUNDLE_NOT_LOADABLE, "not a regular file");
        return;
    }
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = file < 0 ? -1 : read(file, bytes, sizeof bytes);
    if (got < 0) {
        set_problem(problem, CF_BUNDLE_NOT_LOADABLE, "cannot be read: %s", strerror(errno));
    } else {
        check_header(bytes, (size_t)got, problem);
        if (problem->code == 0) {
            check_length(file, problem);
        }
    }
    if (file >= 0) {
        close(file);
    }
}

/* Everything but dlopen(). */
static void preflight(const struct cf_bundle *bundle, const char *path, struct problem *problem) {
    if (access(path, F_OK) == 0) {
        check_file(path, problem);
    } else if (bundle->info_problem) {
        set_problem(problem, CF_BUNDLE_NO_FILE, "there is no such file, and %s/%sInfo.plist: %s",
                    bundle->path, bundle->flat ? "" : "Contents/", bundle->info_problem);
    } else if (!cf_bundle_info_string(bundle, kCFBundleExecutableKey)) {
        set_problem(problem, CF_BUNDLE_NO_FILE,
                    "there is no such file, and Info.plist has no CFBundleExecutable");
    } else {
        set_problem(problem, CF_BUNDLE_NO_FILE,
                    "there is no such file, although CFBundleExecutable names it");
    }
}

static bool report(const struct problem *problem, const char *path, CFErrorRef *error) {
    if (problem->code == 0) {
        return true;
    }
    char text[sizeof problem->text + 512];
    snprintf(text, sizeof text, "Cannot load %.400s: %s", path, problem->text);
    if (error) {
        *error = cf_error_create_cocoa(problem->code, text, problem->text, path);
    }
    return false;
}

/* ---- loading ------------------------------------------------------------------------------ */

static void open_executable(struct cf_bundle *bundle, const char *path, struct problem *problem) {
    if (!bundle->handle) {
        bundle->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    }
    if (bundle->handle) {
        bundle->loaded = true;
        return;
    }
    const char *why = dlerror();
    why = why ? why : "dlopen() does not say why";
    bool linking = strstr(why, "undefined symbol") || strstr(why, "symbol not found") ||
                   strstr(why, "cannot open shared object file");
    set_problem(problem, linking ? CF_BUNDLE_LINK_FAILED : CF_BUNDLE_LOAD_FAILED, "%s", why);
}

Boolean CFBundlePreflightExecutable(CFBundleRef object, CFErrorRef *error) {
    struct cf_bundle *bundle = cf_bundle_checked(object, __func__);
    char *path = bundle ? copy_executable_path(bundle) : NULL;
    if (!path) {
        return false;
    }
    struct problem problem = {0};
    if (!bundle->loaded) {
        preflight(bundle, path, &problem);
    }
    bool ok = report(&problem, path, error);
    free(path);
    return ok;
}

Boolean CFBundleLoadExecutableAndReturnError(CFBundleRef object, CFErrorRef *error) {
    struct cf_bundle *bundle = cf_bundle_checked(object, __func__);
    char *path = bundle ? copy_executable_path(bundle) : NULL;
    if (!path) {
        return false;
    }
    struct problem problem = {0};
    pthread_mutex_lock(&bundle->lock);
    if (!bundle->loaded) {
        if (!bundle->handle) {
            preflight(bundle, path, &problem);
        }
        if (problem.code == 0) {
            open_executable(bundle, path, &problem);
        }
    }
    pthread_mutex_unlock(&bundle->lock);
    bool ok = report(&problem, path, error);
    free(path);
    return ok;
}

Boolean CFBundleLoadExecutable(CFBundleRef object) {
    CFErrorRef error = NULL;
    bool ok = CFBundleLoadExecutableAndReturnError(object, &error);
    if (error) {
        CFStringRef text = CFErrorCopyDescription(error);
        CFShow(text);
        CFRelease(text);
        CFRelease(error);
    }
    return ok;
}

Boolean CFBundleIsExecutableLoaded(CFBundleRef object) {
    const struct cf_bundle *bundle = cf_bundle_checked(object, __func__);
    return bundle && bundle->loaded;
}

void CFBundleUnloadExecutable(CFBundleRef object) {
    struct cf_bundle *bundle = cf_bundle_checked(object, __func__);
    if (bundle) {
        pthread_mutex_lock(&bundle->lock);
        bundle->loaded = false;
        pthread_mutex_unlock(&bundle->lock);
    }
}

/* ---- symbols ------------------------------------------------------------------------------ */

static void *find_symbol(CFBundleRef object, CFStringRef name, const char *function) {
    struct cf_bundle *bundle = cf_bundle_checked(object, function);
    if (!bundle || !name || (!bundle->loaded && !CFBundleLoadExecutable(object))) {
        return NULL;
    }
    char *symbol = cf_string_copy_name(name, NULL);
    void *found = symbol && symbol[0] ? dlsym(bundle->handle, symbol) : NULL;
    free(symbol);
    return found;
}

void *CFBundleGetFunctionPointerForName(CFBundleRef bundle, CFStringRef functionName) {
    return find_symbol(bundle, functionName, __func__);
}

void *CFBundleGetDataPointerForName(CFBundleRef bundle, CFStringRef symbolName) {
    return find_symbol(bundle, symbolName, __func__);
}
