/* rpc_resources.c - host.resources: what the process holds, to be compared between equal moments.
 */
#include "halsim/host.h"
#include "halsim/sanitizers.h"
#include "rpc_internal.h"
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>
#ifdef __linux__
#include <halsdk/halsdk.h>
#include <malloc.h>
#endif

/* Entries of a folder of /proc; 0 where there is none. */
static uint64_t entries_in(const char *folder) {
    uint64_t count = 0;
    DIR *stream = opendir(folder);
    const struct dirent *entry;
    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        count += entry->d_name[0] != '.';
    }
    if (stream != NULL) {
        closedir(stream);
    }
    return count;
}

static void add_memory(yyjson_mut_doc *doc, yyjson_mut_val *result) {
/* A sanitizer has an allocator of its own. */
#if !defined(HALSIM_UNDER_ASAN) && !defined(HALSIM_UNDER_TSAN) && defined(__GLIBC__) &&            \
    (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
    struct mallinfo2 info = mallinfo2();
    yyjson_mut_obj_add_uint(doc, result, "allocated_bytes", info.uordblks + info.hblkhd);
#else
    yyjson_mut_obj_add_null(doc, result, "allocated_bytes");
#endif
}

static void add_resident(yyjson_mut_doc *doc, yyjson_mut_val *result) {
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    bool known = file != NULL && fscanf(file, "%*u %llu", &pages) == 1;
    if (file != NULL) {
        (void)fclose(file);
    }
    if (known) {
        yyjson_mut_obj_add_uint(doc, result, "resident_bytes",
                                pages * (uint64_t)sysconf(_SC_PAGESIZE));
    } else {
        yyjson_mut_obj_add_null(doc, result, "resident_bytes");
    }
}

RPC_METHOD(host_resources) {
    yyjson_mut_val *result = yyjson_mut_obj(call->doc);
    add_memory(call->doc, result);
    add_resident(call->doc, result);
#ifdef __linux__
    yyjson_mut_obj_add_uint(call->doc, result, "cf_objects", halsdk_live_objects(NULL));
    yyjson_mut_obj_add_uint(call->doc, result, "descriptors", entries_in("/proc/self/fd") - 1);
    yyjson_mut_obj_add_uint(call->doc, result, "threads", entries_in("/proc/self/task"));
    yyjson_mut_obj_add_uint(call->doc, result, "mappings", entries_in("/proc/self/map_files"));
#else
    yyjson_mut_obj_add_null(call->doc, result, "cf_objects");
    yyjson_mut_obj_add_null(call->doc, result, "descriptors");
    yyjson_mut_obj_add_null(call->doc, result, "threads");
    yyjson_mut_obj_add_null(call->doc, result, "mappings");
#endif
    return result;
}
