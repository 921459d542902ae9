/* bunghole_wire.c - big-endian fields, and a parser that wants to know one length at a time. */
#include "bunghole_wire.h"
#include <assert.h>
#include <string.h>

#define KIND_AUDIO 1u
#define KIND_PING  2u
#define KIND_PONG  3u
#define KIND_BEGUN 4u

static const uint8_t magic[4] = {0x42, 0x48, 0x41, 0x02}; /* "BHA", 2 */

/* ---- fields ---------------------------------------------------------------------------------- */

static size_t put(uint8_t *to, uint64_t value, size_t size) {
    for (size_t i = size; i > 0; i--) {
        to[i - 1] = (uint8_t)value;
        value >>= 8;
    }
    return size;
}

static uint64_t get(const uint8_t *from, size_t size) {
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value = value << 8 | from[i];
    }
    return value;
}

/* ---- writing --------------------------------------------------------------------------------- */

size_t bunghole_wire_put_frame(uint8_t *to, const uint8_t *packet, size_t size) {
    assert(size >= 1 && size <= BUNGHOLE_PACKET_MAX);
    put(to, size, 2);
    memcpy(to + BUNGHOLE_V1_HEADER, packet, size);
    return BUNGHOLE_V1_HEADER + size;
}

size_t bunghole_wire_put_offer(uint8_t *to, uint16_t features) {
    memcpy(to, magic, sizeof magic);
    put(to + 4, features, 2);
    put(to + 6, 0, 2);
    return BUNGHOLE_OFFER_SIZE;
}

size_t bunghole_wire_put_switch(uint8_t *to, uint16_t features) {
    to[0] = to[1] = 0xff;
    bunghole_wire_put_offer(to + 2, features);
    return BUNGHOLE_SWITCH_SIZE;
}

static uint8_t *begin_record(uint8_t *to, uint8_t kind, uint8_t flags, size_t length) {
    to[0] = kind;
    to[1] = flags;
    put(to + 2, length, 2);
    return to + BUNGHOLE_RECORD_HEADER;
}

size_t bunghole_wire_put_audio(uint8_t *to, uint8_t flags, const struct bunghole_audio_info *info,
                               const uint8_t *packet, size_t size) {
    assert(size >= 1 && size <= BUNGHOLE_PACKET_MAX);
    uint8_t *at = begin_record(to, KIND_AUDIO, flags, BUNGHOLE_AUDIO_HEADER + size);
    at += put(at, info->sequence, 4);
    at += put(at, info->first_frame, 8);
    at += put(at, info->captured_ns, 8);
    at += put(at, info->encoded_ns, 8);
    at += put(at, info->sent_ns, 8);
    memcpy(at, packet, size);
    return (size_t)(at - to) + size;
}

size_t bunghole_wire_put_ping(uint8_t *to, uint8_t flags, uint64_t asked_ns) {
    uint8_t *at = begin_record(to, KIND_PING, flags, BUNGHOLE_PING_SIZE);
    at += put(at, asked_ns, 8);
    return (size_t)(at - to);
}

size_t bunghole_wire_put_pong(uint8_t *to, uint64_t asked_ns, uint64_t heard_ns,
                              uint64_t answered_ns) {
    uint8_t *at = begin_record(to, KIND_PONG, 0, BUNGHOLE_PONG_SIZE);
    at += put(at, asked_ns, 8);
    at += put(at, heard_ns, 8);
    at += put(at, answered_ns, 8);
    return (size_t)(at - to);
}

size_t bunghole_wire_put_begun(uint8_t *to, uint64_t begun_ns) {
    uint8_t *at = begin_record(to, KIND_BEGUN, 0, BUNGHOLE_BEGUN_SIZE);
    at += put(at, begun_ns, 8);
    return (size_t)(at - to);
}

/* ---- reading --------------------------------------------------------------------------------- */

void bunghole_parser_init_receiver(struct bunghole_parser *parser, bool offered) {
    parser->state = BUNGHOLE_PARSER_FRAMES;
    parser->offered = offered;
    parser->sends_audio = false;
    parser->switch_begun = false;
    parser->error = NULL;
    parser->held = 0;
}

void bunghole_parser_init_sender(struct bunghole_parser *parser) {
    bunghole_parser_init_receiver(parser, false);
    parser->state = BUNGHOLE_PARSER_OFFER;
    parser->sends_audio = true;
}

void bunghole_parser_switched(struct bunghole_parser *parser) {
    assert(parser->state == BUNGHOLE_PARSER_SILENCE && parser->held == 0);
    parser->state = BUNGHOLE_PARSER_RECORDS;
}

bool bunghole_parser_is_inside(const struct bunghole_parser *parser) {
    return parser->held != 0 || parser->switch_begun;
}

static enum bunghole_parse fail(struct bunghole_parser *parser, const char *why) {
    parser->state = BUNGHOLE_PARSER_BROKEN;
    parser->error = why;
    return BUNGHOLE_PARSE_ERROR;
}

static enum bunghole_parse finish(struct bunghole_parser *parser) {
    parser->held = 0;
    return BUNGHOLE_PARSE_ITEM;
}

/* The words of an offer, also behind the ff ff of a switch. Wrong bytes are seen at once, so that
 * a peer that says something else is not waited for. Features and the reserved field may have any
 * value: what a later version means by them is not ours to refuse. */
static enum bunghole_parse take_offer(struct bunghole_parser *parser, enum bunghole_item_kind kind,
                                      struct bunghole_item *item) {
    size_t known = parser->held < sizeof magic ? parser->held : sizeof magic;
    if (memcmp(parser->bytes, magic, known) != 0) {
        return fail(parser, kind == BUNGHOLE_ITEM_OFFER ? "bytes that are no offer"
                                                        : "ff ff and then no offer");
    }
    if (parser->held < BUNGHOLE_OFFER_SIZE) {
        return BUNGHOLE_PARSE_MORE;
    }
    item->kind = kind;
    item->features = (uint16_t)get(parser->bytes + 4, 2);
    parser->switch_begun = false;
    parser->state = kind == BUNGHOLE_ITEM_OFFER ? BUNGHOLE_PARSER_SILENCE : BUNGHOLE_PARSER_RECORDS;
    return finish(parser);
}

static enum bunghole_parse take_frame(struct bunghole_parser *parser, struct bunghole_item *item) {
    if (parser->switch_begun) {
        return take_offer(parser, BUNGHOLE_ITEM_SWITCH, item);
    }
    if (parser->held < BUNGHOLE_V1_HEADER) {
        return BUNGHOLE_PARSE_MORE;
    }
    size_t length = (size_t)get(parser->bytes, 2);
    if (length == 0xffff && parser->offered) {
        parser->switch_begun = true;
        parser->held = 0;
        return BUNGHOLE_PARSE_MORE;
    }
    if (length == 0 || length > BUNGHOLE_PACKET_MAX) {
        return fail(parser, length == 0 ? "a frame of length 0" : "a frame longer than 1500 bytes");
    }
    if (parser->held < BUNGHOLE_V1_HEADER + length) {
        return BUNGHOLE_PARSE_MORE;
    }
    item->kind = BUNGHOLE_ITEM_FRAME;
    item->packet = parser->bytes + BUNGHOLE_V1_HEADER;
    item->size = length;
    return finish(parser);
}

static bool length_fits(uint8_t kind, size_t length) {
    switch (kind) {
    case KIND_AUDIO:
        return length > BUNGHOLE_AUDIO_HEADER &&
               length <= BUNGHOLE_AUDIO_HEADER + BUNGHOLE_PACKET_MAX;
    case KIND_PING:
        return length == BUNGHOLE_PING_SIZE;
    case KIND_PONG:
        return length == BUNGHOLE_PONG_SIZE;
    case KIND_BEGUN:
        return length == BUNGHOLE_BEGUN_SIZE;
    default:
        return length <= BUNGHOLE_BODY_MAX;
    }
}

static void read_record(const uint8_t *body, size_t length, struct bunghole_item *item) {
    switch (item->kind_byte) {
    case KIND_AUDIO:
        item->kind = BUNGHOLE_ITEM_AUDIO;
        item->audio.sequence = (uint32_t)get(body, 4);
        item->audio.first_frame = get(body + 4, 8);
        item->audio.captured_ns = get(body + 12, 8);
        item->audio.encoded_ns = get(body + 20, 8);
        item->audio.sent_ns = get(body + 28, 8);
        item->packet = body + BUNGHOLE_AUDIO_HEADER;
        item->size = length - BUNGHOLE_AUDIO_HEADER;
        break;
    case KIND_PING:
        item->kind = BUNGHOLE_ITEM_PING;
        item->asked_ns = get(body, 8);
        break;
    case KIND_PONG:
        item->kind = BUNGHOLE_ITEM_PONG;
        item->asked_ns = get(body, 8);
        item->heard_ns = get(body + 8, 8);
        item->answered_ns = get(body + 16, 8);
        break;
    case KIND_BEGUN:
        item->kind = BUNGHOLE_ITEM_BEGUN;
        item->begun_ns = get(body, 8);
        break;
    default:
        item->kind = BUNGHOLE_ITEM_UNKNOWN;
        item->size = length;
    }
}

static enum bunghole_parse take_record(struct bunghole_parser *parser, struct bunghole_item *item) {
    if (parser->held < BUNGHOLE_RECORD_HEADER) {
        return BUNGHOLE_PARSE_MORE;
    }
    uint8_t kind = parser->bytes[0];
    size_t length = (size_t)get(parser->bytes + 2, 2);
    if (kind == KIND_AUDIO && parser->sends_audio) {
        return fail(parser, "audio from the receiver of audio");
    }
    if (!length_fits(kind, length)) {
        return fail(parser, "a record of a length that its kind does not have");
    }
    if (parser->held < BUNGHOLE_RECORD_HEADER + length) {
        return BUNGHOLE_PARSE_MORE;
    }
    item->kind_byte = kind;
    item->flags = parser->bytes[1];
    read_record(parser->bytes + BUNGHOLE_RECORD_HEADER, length, item);
    return finish(parser);
}

/* How many bytes must be held before anything more can be said. */
static size_t wanted(const struct bunghole_parser *parser) {
    switch (parser->state) {
    case BUNGHOLE_PARSER_FRAMES:
        if (parser->switch_begun) {
            return parser->held < sizeof magic ? parser->held + 1 : BUNGHOLE_OFFER_SIZE;
        }
        return parser->held < BUNGHOLE_V1_HEADER
                   ? BUNGHOLE_V1_HEADER
                   : BUNGHOLE_V1_HEADER + (size_t)get(parser->bytes, 2);
    case BUNGHOLE_PARSER_OFFER:
        return parser->held < sizeof magic ? parser->held + 1 : BUNGHOLE_OFFER_SIZE;
    default:
        return parser->held < BUNGHOLE_RECORD_HEADER
                   ? BUNGHOLE_RECORD_HEADER
                   : BUNGHOLE_RECORD_HEADER + (size_t)get(parser->bytes + 2, 2);
    }
}

static enum bunghole_parse take(struct bunghole_parser *parser, struct bunghole_item *item) {
    switch (parser->state) {
    case BUNGHOLE_PARSER_FRAMES:
        return take_frame(parser, item);
    case BUNGHOLE_PARSER_OFFER:
        return take_offer(parser, BUNGHOLE_ITEM_OFFER, item);
    default:
        return take_record(parser, item);
    }
}

enum bunghole_parse bunghole_parser_feed(struct bunghole_parser *parser, const uint8_t *bytes,
                                         size_t size, size_t *used, struct bunghole_item *item) {
    memset(item, 0, sizeof *item);
    *used = 0;
    if (parser->state == BUNGHOLE_PARSER_BROKEN) {
        return BUNGHOLE_PARSE_ERROR;
    }
    while (*used < size) {
        if (parser->state == BUNGHOLE_PARSER_SILENCE) {
            return fail(parser, "bytes before the switch");
        }
        size_t missing = wanted(parser) - parser->held;
        size_t piece = size - *used < missing ? size - *used : missing;
        assert(piece > 0 && parser->held + piece <= sizeof parser->bytes);
        memcpy(parser->bytes + parser->held, bytes + *used, piece);
        parser->held += piece;
        *used += piece;
        enum bunghole_parse result = take(parser, item);
        if (result != BUNGHOLE_PARSE_MORE) {
            return result;
        }
    }
    return BUNGHOLE_PARSE_MORE;
}
