/* make_corpus.c - inputs to begin with, one file each, into the folder that is named. */
#include "bunghole_wire.h"
#include <stdio.h>
#include <string.h>

static const char *folder;
static int failed;

static void leave(const char *name, uint8_t mode, const uint8_t *bytes, size_t size) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fputc(mode, file) == EOF || fwrite(bytes, 1, size, file) != size) {
        fprintf(stderr, "%s: cannot be written; name a folder that is there\n", path);
        failed = 1;
    }
    if (file != NULL && fclose(file) != 0) {
        failed = 1;
    }
}

int main(int count, char **arguments) {
    static uint8_t packet[BUNGHOLE_PACKET_MAX];
    static uint8_t bytes[16384];
    const struct bunghole_audio_info info = {1, 960, 3, 4, 5};
    if (count != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", arguments[0]);
        return 2;
    }
    folder = arguments[1];
    memset(packet, 0xfc, sizeof packet);

    /* The first byte: what is expected (0 v1 only, 1 v1 or a switch, 2 an offer) + 3 * pieces. */
    size_t size = bunghole_wire_put_frame(bytes, packet, 1);
    size += bunghole_wire_put_frame(bytes + size, packet, 320);
    leave("v1", 0, bytes, size);
    leave("v1-in-two-bytes", 3, bytes, size);
    leave("v1-longest", 6, bytes, bunghole_wire_put_frame(bytes, packet, sizeof packet));

    size = bunghole_wire_put_frame(bytes, packet, 3);
    size += bunghole_wire_put_switch(bytes + size, 0);
    size += bunghole_wire_put_begun(bytes + size, 10);
    size += bunghole_wire_put_audio(bytes + size, 1, &info, packet, 40);
    size += bunghole_wire_put_ping(bytes + size, 1, 6);
    size += bunghole_wire_put_pong(bytes + size, 6, 7, 8);
    leave("v2", 1, bytes, size);
    leave("v2-in-two-bytes", 4, bytes, size);
    size = bunghole_wire_put_switch(bytes, 0);
    size += bunghole_wire_put_audio(bytes + size, 4, &info, packet, sizeof packet);
    leave("v2-longest", 7, bytes, size);

    size = bunghole_wire_put_offer(bytes, 0);
    size += bunghole_wire_put_ping(bytes + size, 0, 9);
    leave("offer", 2, bytes, size);
    leave("offer-in-two-bytes", 5, bytes, size);

    static const uint8_t none[] = {0, 0};
    static const uint8_t too_long[] = {0x05, 0xdd};
    static const uint8_t unknown[] = {9, 0, 6, 5};
    leave("length-0", 0, none, sizeof none);
    leave("length-1501", 0, too_long, sizeof too_long);
    size = bunghole_wire_put_switch(bytes, 0);
    leave("switch-unasked", 0, bytes, size);
    memcpy(bytes + size, unknown, sizeof unknown);
    leave("record-too-long", 1, bytes, size + sizeof unknown);
    return failed;
}
