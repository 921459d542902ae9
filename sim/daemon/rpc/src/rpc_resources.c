/* rpc_resources.c - host.resources: what the process holds, to be compared between equal moments.
 */
#include "rpc_resources.h"
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
static int64_t entries_in(const char *folder) {
    int64_t count = 0;
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

static int64_t allocated_bytes(void) {
/* A sanitizer has an allocator of its own. */
#if !defined(HALSIM_UNDER_ASAN) && !defined(HALSIM_UNDER_TSAN) && defined(__GLIBC__) &&            \
    (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
    struct mallinfo2 info = mallinfo2();
    return (int64_t)(info.uordblks + info.hblkhd);
#else
    return -1;
#endif
}

static int64_t resident_bytes(void) {
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    bool known = file != NULL && fscanf(file, "%*u %llu", &pages) == 1;
    if (file != NULL) {
        (void)fclose(file);
    }
    return known ? (int64_t)pages * sysconf(_SC_PAGESIZE) : -1;
}

struct rpc_resources rpc_resources_read(void) {
    struct rpc_resources now = {
        .allocated_bytes = allocated_bytes(),
        .resident_bytes = resident_bytes(),
        .cf_objects = -1,
        .descriptors = -1,
        .threads = -1,
        .mappings = -1,
    };
#ifdef __linux__
    now.cf_objects = (int64_t)halsdk_live_objects(NULL);
    now.descriptors = entries_in("/proc/self/fd") - 1;
    now.threads = entries_in("/proc/self/task");
    now.mappings = entries_in("/proc/self/map_files");
#endif
    return now;
}

static void add(yyjson_mut_doc *doc, yyjson_mut_val *to, const char *key, int64_t value) {
    yyjson_mut_obj_add_val(
        doc, to, key, value < 0 ? yyjson_mut_null(doc) : yyjson_mut_uint(doc, (uint64_t)value));
}

yyjson_mut_val *rpc_resources_json(yyjson_mut_doc *doc, const struct rpc_resources *resources) {
    yyjson_mut_val *result = yyjson_mut_obj(doc);
    add(doc, result, "allocated_bytes", resources->allocated_bytes);
    add(doc, result, "resident_bytes", resources->resident_bytes);
    add(doc, result, "cf_objects", resources->cf_objects);
    add(doc, result, "descriptors", resources->descriptors);
    add(doc, result, "threads", resources->threads);
    add(doc, result, "mappings", resources->mappings);
    return result;
}

RPC_METHOD(host_resources) {
    struct rpc_resources now = rpc_resources_read();
    return rpc_resources_json(call->doc, &now);
}
