/* bunghole_wire.h - the bytes between Bunghole and its host: docs/reference/bunghole-wire.md.
 *
 * Writing fills a buffer of the caller; reading is a parser that takes bytes in pieces of any size
 * and hands out whole items. No input makes it fail in another way than by BUNGHOLE_PARSE_ERROR,
 * and it never holds more than one item. No calls of the system, no allocation; one thread at a
 * time.
 */
#ifndef BUNGHOLE_WIRE_H
#define BUNGHOLE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUNGHOLE_PACKET_MAX         1500u /* bytes of one Opus packet */
#define BUNGHOLE_V1_HEADER          2u
#define BUNGHOLE_OFFER_SIZE         8u
#define BUNGHOLE_SWITCH_SIZE        10u
#define BUNGHOLE_RECORD_HEADER      4u
#define BUNGHOLE_AUDIO_HEADER       36u
#define BUNGHOLE_PING_SIZE          8u
#define BUNGHOLE_PONG_SIZE          24u
#define BUNGHOLE_BEGUN_SIZE         8u
#define BUNGHOLE_BODY_MAX           1540u
#define BUNGHOLE_RECORD_MAX         (BUNGHOLE_RECORD_HEADER + BUNGHOLE_BODY_MAX)

/* Flags of audio. */
#define BUNGHOLE_FLAG_DISCONTINUITY 1u
#define BUNGHOLE_FLAG_MUTED         2u
#define BUNGHOLE_FLAG_LAST          4u
/* Flag of a ping. */
#define BUNGHOLE_FLAG_IDLE          1u

enum bunghole_item_kind {
    BUNGHOLE_ITEM_FRAME,  /* v1: packet only */
    BUNGHOLE_ITEM_OFFER,  /* features */
    BUNGHOLE_ITEM_SWITCH, /* features; what follows is records */
    BUNGHOLE_ITEM_AUDIO,
    BUNGHOLE_ITEM_PING,
    BUNGHOLE_ITEM_PONG,
    BUNGHOLE_ITEM_BEGUN,   /* begun_ns */
    BUNGHOLE_ITEM_UNKNOWN, /* skipped: only kind_byte, flags and size count */
};

struct bunghole_audio_info {
    uint32_t sequence;
    uint64_t first_frame;
    uint64_t captured_ns;
    uint64_t encoded_ns;
    uint64_t sent_ns;
};

struct bunghole_item {
    enum bunghole_item_kind kind;
    uint8_t kind_byte;
    uint8_t flags;
    uint16_t features;
    struct bunghole_audio_info audio;
    uint64_t asked_ns, heard_ns, answered_ns;
    uint64_t begun_ns;     /* by the sender's clock, when its numbers began */
    const uint8_t *packet; /* FRAME, AUDIO: in the parser, until it is fed again */
    size_t size;           /* of the packet; UNKNOWN: of the body */
};

/* ---- writing: each returns the bytes written ------------------------------------------------- */

/* `to` has BUNGHOLE_V1_HEADER + size bytes; size is 1 to BUNGHOLE_PACKET_MAX. */
size_t bunghole_wire_put_frame(uint8_t *to, const uint8_t *packet, size_t size);
size_t bunghole_wire_put_offer(uint8_t *to, uint16_t features);
size_t bunghole_wire_put_switch(uint8_t *to, uint16_t features);
/* `to` has BUNGHOLE_RECORD_HEADER + BUNGHOLE_AUDIO_HEADER + size bytes. */
size_t bunghole_wire_put_audio(uint8_t *to, uint8_t flags, const struct bunghole_audio_info *info,
                               const uint8_t *packet, size_t size);
size_t bunghole_wire_put_ping(uint8_t *to, uint8_t flags, uint64_t asked_ns);
size_t bunghole_wire_put_pong(uint8_t *to, uint64_t asked_ns, uint64_t heard_ns,
                              uint64_t answered_ns);
size_t bunghole_wire_put_begun(uint8_t *to, uint64_t begun_ns);

/* ---- reading --------------------------------------------------------------------------------- */

enum bunghole_parse {
    BUNGHOLE_PARSE_MORE,  /* everything was taken, nothing is complete */
    BUNGHOLE_PARSE_ITEM,  /* an item; feed the rest for the next one */
    BUNGHOLE_PARSE_ERROR, /* the connection is of no use any more; so is the parser */
};

enum bunghole_parser_state {
    BUNGHOLE_PARSER_FRAMES,  /* v1 frames, or a switch if one was offered */
    BUNGHOLE_PARSER_OFFER,   /* an offer, or nothing */
    BUNGHOLE_PARSER_SILENCE, /* not a byte is expected */
    BUNGHOLE_PARSER_RECORDS,
    BUNGHOLE_PARSER_BROKEN,
};

struct bunghole_parser {
    enum bunghole_parser_state state;
    bool offered;
    bool sends_audio;  /* so that it gets none */
    bool switch_begun; /* ff ff has been seen */
    const char *error; /* why, after BUNGHOLE_PARSE_ERROR: a few words */
    size_t held;
    uint8_t bytes[BUNGHOLE_RECORD_MAX];
};

/* A receiver of audio reads frames; `offered`: and may be answered with a switch. */
void bunghole_parser_init_receiver(struct bunghole_parser *parser, bool offered);
/* A sender of audio reads an offer, and after bunghole_parser_switched() records. */
void bunghole_parser_init_sender(struct bunghole_parser *parser);
void bunghole_parser_switched(struct bunghole_parser *parser);

/* Takes up to `size` bytes, says in *used how many. */
enum bunghole_parse bunghole_parser_feed(struct bunghole_parser *parser, const uint8_t *bytes,
                                         size_t size, size_t *used, struct bunghole_item *item);
/* Whether an item has begun and not ended. */
bool bunghole_parser_is_inside(const struct bunghole_parser *parser);

#endif
