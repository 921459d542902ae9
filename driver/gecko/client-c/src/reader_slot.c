/* reader_slot.c - the slot in which a v2 reader says where it is.
 *
 * It is for people and statistics: no audio depends on it, so every failure here means "no slot".
 */
#include "gecko_memory.h"
#include "reader_private.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLOTS_BYTES                                                                                \
    (GECKO_READERS_SLOTS + GECKO_READERS_SLOT_COUNT_VALUE * GECKO_READERS_SLOT_BYTES)

static unsigned char *slot_memory(const struct gecko_reader_slots *slots, int slot) {
    return slots->base + GECKO_READERS_SLOTS + (size_t)slot * GECKO_READERS_SLOT_BYTES;
}

static bool is_dead(uint32_t pid) {
    return pid > INT32_MAX || (kill((pid_t)pid, 0) != 0 && errno == ESRCH);
}

static int claim(struct gecko_reader_slots *slots) {
    uint32_t own = (uint32_t)getpid();
    for (int pass = 0; pass < 2; pass++) {
        for (int slot = 0; slot < GECKO_READERS_SLOT_COUNT_VALUE; slot++) {
            unsigned char *memory = slot_memory(slots, slot);
            uint32_t owner = gecko_load_u32(memory, GECKO_SLOT_OWNER_PID);
            bool wanted = owner == 0 || (pass == 1 && is_dead(owner));
            if (wanted && gecko_swap_u32(memory, GECKO_SLOT_OWNER_PID, owner, own)) {
                return slot;
            }
        }
    }
    return -1;
}

static void unmap(struct gecko_reader_slots *slots) {
    if (slots->base != NULL) {
        munmap(slots->base, slots->size);
    }
    *slots = (struct gecko_reader_slots){.slot = -1};
}

static bool is_readers_object(const struct gecko_reader_slots *slots) {
    return gecko_load_u64(slots->base, GECKO_READERS_MAGIC) == GECKO_READERS_MAGIC_VALUE &&
           gecko_load_u32(slots->base, GECKO_READERS_VERSION) == GECKO_V2_VERSION_VALUE &&
           gecko_load_u32(slots->base, GECKO_READERS_SLOT_COUNT) == GECKO_READERS_SLOT_COUNT_VALUE;
}

void gecko_slots_join(struct gecko_reader *reader) {
    struct gecko_reader_slots *slots = &reader->slots;
    char name[2 * GECKO_NAME_MAX];
    snprintf(name, sizeof name, "%s%s", reader->name, GECKO_READERS_SUFFIX);
    if (reader->options.no_slot || reader->format.layout != 2 || reader->fd < 0 ||
        strlen(name) > GECKO_NAME_MAX) {
        gecko_slots_leave(reader);
        return;
    }
    int fd = shm_open(name, O_RDWR, 0);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0 || info.st_size < SLOTS_BYTES) {
        if (fd >= 0) {
            close(fd);
        }
        gecko_slots_leave(reader);
        return;
    }
    void *base = mmap(NULL, SLOTS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (base == MAP_FAILED) {
        gecko_slots_leave(reader);
        return;
    }
    uint64_t instance = gecko_load_u64(base, GECKO_READERS_INSTANCE);
    if (slots->base != NULL && slots->instance == instance) {
        munmap(base, SLOTS_BYTES);
        return;
    }
    gecko_slots_leave(reader);
    *slots = (struct gecko_reader_slots){
        .base = base,
        .size = SLOTS_BYTES,
        .slot = -1,
        .instance = instance,
    };
    slots->slot = is_readers_object(slots) ? claim(slots) : -1;
    if (slots->slot < 0) {
        unmap(slots);
        return;
    }
    reader->reported_lost = UINT64_MAX; /* the slot may have been another's */
    gecko_slots_report(reader);
}

void gecko_slots_leave(struct gecko_reader *reader) {
    struct gecko_reader_slots *slots = &reader->slots;
    if (slots->base != NULL) {
        gecko_swap_u32(slot_memory(slots, slots->slot), GECKO_SLOT_OWNER_PID, (uint32_t)getpid(),
                       0);
    }
    unmap(slots);
}

/* The time is the writer's: this is called for every block, and a clock costs as much as half of
 * it. */
void gecko_slots_report(struct gecko_reader *reader) {
    if (reader->slots.base == NULL) {
        return;
    }
    unsigned char *memory = slot_memory(&reader->slots, reader->slots.slot);
    gecko_store_u64(memory, GECKO_SLOT_READ_HEAD, reader->position);
    gecko_store_u64(memory, GECKO_SLOT_HEARTBEAT, gecko_load_u64(reader->base, GECKO_V2_HEARTBEAT));
    gecko_store_u64(memory, GECKO_SLOT_GENERATION, reader->format.generation);
    if (reader->lost != reader->reported_lost) {
        gecko_store_u64(memory, GECKO_SLOT_LOST_FRAMES, reader->lost);
        reader->reported_lost = reader->lost;
    }
}

int gecko_reader_slot(const struct gecko_reader *reader) {
    return reader->slots.base != NULL ? reader->slots.slot : -1;
}
