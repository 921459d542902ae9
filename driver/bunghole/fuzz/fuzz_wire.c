/* fuzz_wire.c - any bytes, in any pieces, to the parser of the wire.
 *
 * The first byte of an input chooses what the parser expects and how large the pieces are; the rest
 * is what a peer sends. Checked: nothing is read or written where it should not be (by a
 * sanitizer), the parser always gets on, items are within their limits, what comes in pieces is
 * what comes at once, and what is parsed and written again is the same bytes.
 */
#include "bunghole_wire.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int so, const char *what) {
    if (!so) {
        fprintf(stderr, "fuzz_wire: %s\n", what);
        abort();
    }
}

/* What an input came to: one number for all items. */
struct sum {
    uint64_t hash;
    size_t items;
    size_t taken;
    int broken;
};

static void mix(struct sum *sum, const void *bytes, size_t size) {
    const uint8_t *at = bytes;
    for (size_t i = 0; i < size; i++) {
        sum->hash = (sum->hash ^ at[i]) * UINT64_C(1099511628211);
    }
}

/* Writes the item again; returns the bytes, 0 for kinds that are not written. */
static size_t write_again(const struct bunghole_item *item, uint8_t *to) {
    switch (item->kind) {
    case BUNGHOLE_ITEM_FRAME:
        return bunghole_wire_put_frame(to, item->packet, item->size);
    case BUNGHOLE_ITEM_AUDIO:
        return bunghole_wire_put_audio(to, item->flags, &item->audio, item->packet, item->size);
    case BUNGHOLE_ITEM_PING:
        return bunghole_wire_put_ping(to, item->flags, item->asked_ns);
    case BUNGHOLE_ITEM_BEGUN:
        /* Flags of it mean nothing, and are written as 0. */
        return item->flags == 0 ? bunghole_wire_put_begun(to, item->begun_ns) : 0;
    default:
        return 0;
    }
}

static void check_item(const struct bunghole_item *item, const uint8_t *end, size_t behind) {
    uint8_t bytes[BUNGHOLE_RECORD_MAX];
    size_t limit = item->kind == BUNGHOLE_ITEM_UNKNOWN ? BUNGHOLE_BODY_MAX : BUNGHOLE_PACKET_MAX;
    demand(item->size <= limit, "an item that is too long");
    size_t size = write_again(item, bytes);
    demand(size <= behind, "an item longer than what came");
    demand(memcmp(bytes, end - size, size) == 0, "an item that is not what came");
}

static struct sum parse(const uint8_t *data, size_t size, unsigned mode, size_t piece) {
    struct sum sum = {.hash = UINT64_C(14695981039346656037)};
    struct bunghole_parser *parser = malloc(sizeof *parser);
    struct bunghole_item item;
    demand(parser != NULL, "no memory");
    if (mode % 3 == 2) {
        bunghole_parser_init_sender(parser);
    } else {
        bunghole_parser_init_receiver(parser, mode % 3 == 1);
    }
    size_t at = 0;
    while (at < size && !sum.broken) {
        size_t part = size - at < piece ? size - at : piece;
        size_t used;
        enum bunghole_parse result = bunghole_parser_feed(parser, data + at, part, &used, &item);
        demand(used <= part, "more taken than given");
        demand(result == BUNGHOLE_PARSE_ERROR || used > 0, "no progress");
        demand(result != BUNGHOLE_PARSE_MORE || used == part, "something was left");
        at += used;
        sum.broken = result == BUNGHOLE_PARSE_ERROR;
        demand(sum.broken == (parser->error != NULL), "an error without a reason");
        if (result == BUNGHOLE_PARSE_ITEM) {
            check_item(&item, data + at, at);
            sum.items++;
            mix(&sum, &item.kind, sizeof item.kind);
            mix(&sum, &item.flags, 1);
            mix(&sum, &item.size, sizeof item.size);
            if (item.packet != NULL) {
                mix(&sum, item.packet, item.size);
            }
            if (item.kind == BUNGHOLE_ITEM_OFFER) {
                bunghole_parser_switched(parser);
            }
        }
    }
    sum.taken = sum.broken ? 0 : at;
    free(parser);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) {
        return 0;
    }
    unsigned mode = data[0];
    struct sum pieces = parse(data + 1, size - 1, mode, 1 + mode / 3);
    struct sum whole = parse(data + 1, size - 1, mode, size);
    demand(pieces.hash == whole.hash && pieces.items == whole.items &&
               pieces.taken == whole.taken && pieces.broken == whole.broken,
           "pieces are parsed otherwise than the whole");
    return 0;
}
