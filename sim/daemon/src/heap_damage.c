/* heap_damage.c */
#include "heap_damage.h"
#include <stdlib.h>
#include <string.h>

#ifdef __GLIBC__

#include <dlfcn.h>
#include <link.h>

/* What glibc leaves behind for whoever looks at a core: the last words before abort(). */
struct last_words {
    unsigned int size;
    char text[];
};

static struct last_words *const *last_words;
static const void *libc_base;

void heap_damage_install(void) {
    Dl_info info;
    last_words = dlsym(RTLD_DEFAULT, "__abort_msg");
    libc_base = dladdr((void *)(uintptr_t)abort, &info) != 0 ? info.dli_fbase : NULL;
}

/* How glibc's allocator begins them. */
static const char *allocator_words(void) {
    static const char *const beginnings[] = {
        "malloc",  "free():",      "realloc():",   "double free",  "corrupted ",
        "invalid", "munmap_chunk", "mremap_chunk", "break adjust", "chunk_main_arena",
    };
    static char words[128]; /* of the one report that a process makes */
    if (last_words == NULL || *last_words == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        if (strncmp((*last_words)->text, beginnings[i], strlen(beginnings[i])) == 0) {
            strncpy(words, (*last_words)->text, sizeof words - 1);
            words[strcspn(words, "\n")] = '\0';
            return words;
        }
    }
    return NULL;
}

static int is_allocator(void *address) {
    static const char *const names[] = {
        "malloc", "free", "cfree", "calloc", "realloc", "memalign", "aligned_alloc",
    };
    Dl_info info;
    if (dladdr(address, &info) == 0 || info.dli_fbase != libc_base || info.dli_sname == NULL) {
        return 0;
    }
    const char *name = info.dli_sname;
    name += strncmp(name, "__libc_", 7) == 0 ? 7 : 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

const char *heap_damage_words(void *const *frames, int count) {
    const char *words = allocator_words();
    for (int i = 0; i < count && words == NULL && libc_base != NULL; i++) {
        words = is_allocator(frames[i]) ? "the allocator itself crashed" : NULL;
    }
    return words;
}

struct search {
    char *path;
    size_t size;
    int found;
};

static int look_at_image(struct dl_phdr_info *info, size_t size, void *context) {
    struct search *search = context;
    (void)size;
    const char *inside = strstr(info->dlpi_name, "/Contents/MacOS/");
    if (inside == NULL) {
        return 0;
    }
    size_t length = (size_t)(inside - info->dlpi_name);
    search->path[0] = '\0';
    if (search->found++ == 0 && length < search->size) {
        memcpy(search->path, info->dlpi_name, length);
        search->path[length] = '\0';
    }
    return 0;
}

int heap_damage_has_driver(char *path, size_t size) {
    struct search search = {path, size, 0};
    path[0] = '\0';
    (void)dl_iterate_phdr(look_at_image, &search);
    return search.found > 0;
}

#else

void heap_damage_install(void) {
}

const char *heap_damage_words(void *const *frames, int count) {
    (void)frames;
    (void)count;
    return NULL;
}

int heap_damage_has_driver(char *path, size_t size) {
    (void)size;
    path[0] = '\0';
    return 0;
}

#endif
