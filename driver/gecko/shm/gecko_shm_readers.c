/* gecko_shm_readers.c - the object in which v2 readers say where they are.
 *
 * Anyone may write to it (0666), and on Linux whoever may write may also shorten it, which kills
 * with SIGBUS whoever then touches a mapping of it. So the driver makes a new one each time, fills
 * it before it opens it to others, and from then on only looks at it through its descriptor. What
 * it finds there is shown, never acted on.
 */
#include "gecko_memory.h"
#include "gecko_shm_layout.h"
#include <assert.h>
#include <string.h>
#include <sys/mman.h>

#define READERS_BYTES                                                                              \
    (GECKO_READERS_SLOTS + GECKO_READERS_SLOT_COUNT_VALUE * GECKO_READERS_SLOT_BYTES)
#define OPEN_MODE 0666

static void name_of(const char *audio, char name[GECKO_NAME_MAX + 1]) {
    size_t length = strlen(audio);
    assert(length + sizeof GECKO_READERS_SUFFIX <= GECKO_NAME_MAX + 1); /* the callers see to it */
    memcpy(name, audio, length);
    memcpy(name + length, GECKO_READERS_SUFFIX, sizeof GECKO_READERS_SUFFIX);
}

void gecko_shm_readers_remove(const char *audio) {
    char name[GECKO_NAME_MAX + 1];
    if (strlen(audio) + strlen(GECKO_READERS_SUFFIX) <= GECKO_NAME_MAX) {
        name_of(audio, name);
        shm_unlink(name);
    }
}

void gecko_shm_readers_open(struct gecko_shm_writer *writer) {
    struct gecko_shm_object *object = &writer->readers;
    struct gecko_shm_error ignored;
    if (writer->config.layout != GECKO_LAYOUT_V2 || object->fd >= 0) {
        return;
    }
    char name[GECKO_NAME_MAX + 1];
    name_of(writer->config.name, name);
    /* We hold the name of the audio object, so one of these that is there has no owner left. */
    gecko_shm_readers_remove(writer->config.name);
    bool exists;
    if (!gecko_shm_object_create(name, READERS_BYTES, gecko_platform_first_mode(OPEN_MODE), object,
                                 &exists, &ignored)) {
        return;
    }
    gecko_store_u32(object->base, GECKO_READERS_VERSION, GECKO_V2_VERSION_VALUE);
    gecko_store_u32(object->base, GECKO_READERS_SLOT_COUNT, GECKO_READERS_SLOT_COUNT_VALUE);
    gecko_store_u64(object->base, GECKO_READERS_INSTANCE, gecko_shm_new_instance());
    gecko_store_u64(object->base, GECKO_READERS_MAGIC, GECKO_READERS_MAGIC_VALUE);
    gecko_shm_object_set_mode(object, OPEN_MODE, &ignored);
}

void gecko_shm_readers_close(struct gecko_shm_writer *writer) {
    gecko_shm_object_unlink(&writer->readers);
    gecko_shm_object_close(&writer->readers);
}

uint32_t gecko_shm_writer_readers(const struct gecko_shm_writer *writer,
                                  struct gecko_shm_reader_slot *slots) {
    _Alignas(8) unsigned char copy[READERS_BYTES];
    if (!gecko_platform_peek(&writer->readers, copy, sizeof copy)) {
        return 0;
    }
    uint32_t count = 0;
    for (uint32_t slot = 0; slot < GECKO_READERS_SLOT_COUNT_VALUE; slot++) {
        const unsigned char *at =
            copy + GECKO_READERS_SLOTS + (size_t)slot * GECKO_READERS_SLOT_BYTES;
        uint32_t pid = gecko_load_u32(at, GECKO_SLOT_OWNER_PID);
        if (pid != 0) {
            slots[count++] = (struct gecko_shm_reader_slot){
                .owner_pid = pid,
                .read_head = gecko_load_u64(at, GECKO_SLOT_READ_HEAD),
                .lost_frames = gecko_load_u64(at, GECKO_SLOT_LOST_FRAMES),
                .heartbeat = gecko_load_u64(at, GECKO_SLOT_HEARTBEAT),
                .generation = gecko_load_u64(at, GECKO_SLOT_GENERATION),
            };
        }
    }
    return count;
}
