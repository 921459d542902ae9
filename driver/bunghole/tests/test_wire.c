/* test_wire.c - the bytes of both versions, whole, in pieces, and wrong. */
#include "unit.h"
/* after cmocka.h */
#include "bunghole_wire.h"
#include <string.h>

static uint8_t packet[BUNGHOLE_PACKET_MAX];
static uint8_t bytes[65536];

static void fill_packet(void) {
    for (size_t i = 0; i < sizeof packet; i++) {
        packet[i] = (uint8_t)(i * 7 + 3);
    }
}

/* Feeds `size` bytes in pieces of `piece`; returns how many items came, the last in *item. */
static int feed(struct bunghole_parser *parser, const uint8_t *from, size_t size, size_t piece,
                struct bunghole_item *last, enum bunghole_parse *result) {
    int items = 0;
    struct bunghole_item item;
    *result = BUNGHOLE_PARSE_MORE;
    for (size_t at = 0; at < size;) {
        size_t part = size - at < piece ? size - at : piece;
        size_t used;
        *result = bunghole_parser_feed(parser, from + at, part, &used, &item);
        assert_true(used <= part);
        at += used;
        if (*result == BUNGHOLE_PARSE_ERROR) {
            return items;
        }
        if (*result == BUNGHOLE_PARSE_ITEM) {
            items++;
            *last = item;
        }
    }
    return items;
}

static void frames_of_v1_come_back_whole_whatever_the_pieces(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 2, 255, 256, 320, 1499, 1500};
    static const size_t pieces[] = {1, 2, 3, 7, 4096};
    fill_packet();
    for (size_t p = 0; p < sizeof pieces / sizeof pieces[0]; p++) {
        struct bunghole_parser parser;
        bunghole_parser_init_receiver(&parser, false);
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            struct bunghole_item item;
            enum bunghole_parse result;
            size_t size = bunghole_wire_put_frame(bytes, packet, sizes[i]);
            assert_int_equal(size, 2 + sizes[i]);
            assert_int_equal(bytes[0], sizes[i] >> 8);
            assert_int_equal(bytes[1], sizes[i] & 0xff);
            assert_int_equal(feed(&parser, bytes, size, pieces[p], &item, &result), 1);
            assert_int_equal(item.kind, BUNGHOLE_ITEM_FRAME);
            assert_int_equal(item.size, sizes[i]);
            assert_memory_equal(item.packet, packet, sizes[i]);
            assert_false(bunghole_parser_is_inside(&parser));
        }
    }
}

static void an_offer_and_a_switch_are_the_bytes_of_the_document(void **state) {
    (void)state;
    static const uint8_t wanted[] = {0xff, 0xff, 0x42, 0x48, 0x41, 0x02, 0, 0, 0, 0};
    assert_int_equal(bunghole_wire_put_switch(bytes, 0), 10);
    assert_memory_equal(bytes, wanted, 10);
    assert_int_equal(bunghole_wire_put_offer(bytes, 0), 8);
    assert_memory_equal(bytes, wanted + 2, 8);
}

static void an_audio_record_has_the_lengths_of_the_document(void **state) {
    (void)state;
    const struct bunghole_audio_info info = {0x01020304, 0x1112131415161718, 0x2122232425262728,
                                             0x3132333435363738, 0x4142434445464748};
    static const uint8_t wanted[] = {
        1,    5,    0,    37,   0x01, 0x02, 0x03, 0x04, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16,
        0x17, 0x18, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x31, 0x32, 0x33, 0x34,
        0x35, 0x36, 0x37, 0x38, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x99};
    packet[0] = 0x99;
    assert_int_equal(bunghole_wire_put_audio(bytes, 5, &info, packet, 1), sizeof wanted);
    assert_memory_equal(bytes, wanted, sizeof wanted);
}

static void a_sender_that_switches_is_followed_byte_by_byte(void **state) {
    (void)state;
    fill_packet();
    const struct bunghole_audio_info info = {7, 960, 11, 12, 13};
    for (size_t piece = 1; piece < 40; piece++) {
        struct bunghole_parser parser;
        struct bunghole_item item = {0};
        enum bunghole_parse result;
        bunghole_parser_init_receiver(&parser, true);
        size_t size = bunghole_wire_put_frame(bytes, packet, 100);
        assert_int_equal(feed(&parser, bytes, size, piece, &item, &result), 1);
        size = bunghole_wire_put_switch(bytes, 0x0102);
        assert_int_equal(feed(&parser, bytes, size, piece, &item, &result), 1);
        assert_int_equal(item.kind, BUNGHOLE_ITEM_SWITCH);
        assert_int_equal(item.features, 0x0102);
        size = bunghole_wire_put_audio(bytes, BUNGHOLE_FLAG_LAST, &info, packet, 1500);
        assert_int_equal(feed(&parser, bytes, size, piece, &item, &result), 1);
        assert_int_equal(item.kind, BUNGHOLE_ITEM_AUDIO);
        assert_int_equal(item.flags, BUNGHOLE_FLAG_LAST);
        assert_int_equal(item.audio.sequence, 7);
        assert_int_equal(item.audio.first_frame, 960);
        assert_int_equal(item.audio.captured_ns, 11);
        assert_int_equal(item.audio.encoded_ns, 12);
        assert_int_equal(item.audio.sent_ns, 13);
        assert_int_equal(item.size, 1500);
        assert_memory_equal(item.packet, packet, 1500);
        size = bunghole_wire_put_ping(bytes, BUNGHOLE_FLAG_IDLE, 42);
        size += bunghole_wire_put_pong(bytes + size, 42, 43, UINT64_MAX);
        assert_int_equal(feed(&parser, bytes, size, piece, &item, &result), 2);
        assert_int_equal(item.kind, BUNGHOLE_ITEM_PONG);
        assert_true(item.asked_ns == 42 && item.heard_ns == 43 && item.answered_ns == UINT64_MAX);
    }
}

static void a_record_of_a_kind_of_later_days_is_skipped(void **state) {
    (void)state;
    struct bunghole_parser parser;
    struct bunghole_item item;
    enum bunghole_parse result;
    bunghole_parser_init_receiver(&parser, true);
    size_t size = bunghole_wire_put_switch(bytes, 0);
    memset(bytes + size, 0, 4 + 1540);
    bytes[size] = 200;
    bytes[size + 2] = 1540 >> 8;
    bytes[size + 3] = 1540 & 0xff;
    size += 4 + 1540;
    bytes[size] = 0; /* and one without a body */
    memset(bytes + size + 1, 0, 3);
    size += 4;
    size += bunghole_wire_put_ping(bytes + size, 0, 5);
    assert_int_equal(feed(&parser, bytes, size, 1, &item, &result), 4);
    assert_int_equal(item.kind, BUNGHOLE_ITEM_PING);
}

/* ---- what must be refused -------------------------------------------------------------------- */

static void assert_refused(bool offered, const uint8_t *wrong, size_t size, const char *why) {
    for (size_t piece = 1; piece <= size; piece++) {
        struct bunghole_parser parser;
        struct bunghole_item item;
        enum bunghole_parse result;
        bunghole_parser_init_receiver(&parser, offered);
        feed(&parser, wrong, size, piece, &item, &result);
        assert_int_equal(result, BUNGHOLE_PARSE_ERROR);
        assert_string_equal(parser.error, why);
        /* Broken for good. */
        size_t used;
        assert_int_equal(bunghole_parser_feed(&parser, packet, 1, &used, &item),
                         BUNGHOLE_PARSE_ERROR);
        assert_int_equal(used, 0);
    }
}

static void v1_lengths_that_do_not_exist_are_errors(void **state) {
    (void)state;
    assert_refused(false, (const uint8_t *)"\0\0", 2, "a frame of length 0");
    assert_refused(false, (const uint8_t *)"\x05\xdd", 2, "a frame longer than 1500 bytes");
    assert_refused(true, (const uint8_t *)"\xff\xfe", 2, "a frame longer than 1500 bytes");
    /* A switch that nobody has offered. */
    assert_refused(false, (const uint8_t *)"\xff\xff", 2, "a frame longer than 1500 bytes");
    assert_refused(true, (const uint8_t *)"\xff\xff\x42\x48\x41\x03", 6, "ff ff and then no offer");
    assert_refused(true, (const uint8_t *)"\xff\xff\xff\xff", 3, "ff ff and then no offer");
}

static void records_of_a_length_that_their_kind_does_not_have_are_errors(void **state) {
    (void)state;
    static const struct {
        uint8_t kind;
        uint16_t length;
    } wrong[] = {{1, 0},  {1, 36}, {1, 1537}, {1, 65535}, {2, 0},    {2, 7},    {2, 9},    {3, 0},
                 {3, 23}, {3, 25}, {4, 7},    {4, 9},     {0, 1541}, {9, 1541}, {9, 65535}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        size_t size = bunghole_wire_put_switch(bytes, 0);
        bytes[size] = wrong[i].kind;
        bytes[size + 1] = 0;
        bytes[size + 2] = (uint8_t)(wrong[i].length >> 8);
        bytes[size + 3] = (uint8_t)wrong[i].length;
        assert_refused(true, bytes, size + 4, "a record of a length that its kind does not have");
    }
}

static void a_truncated_frame_is_known_to_be_inside(void **state) {
    (void)state;
    struct bunghole_parser parser;
    struct bunghole_item item;
    enum bunghole_parse result;
    fill_packet();
    size_t size = bunghole_wire_put_frame(bytes, packet, 300);
    for (size_t cut = 1; cut < size; cut++) {
        bunghole_parser_init_receiver(&parser, true);
        assert_int_equal(feed(&parser, bytes, cut, cut, &item, &result), 0);
        assert_int_equal(result, BUNGHOLE_PARSE_MORE);
        assert_true(bunghole_parser_is_inside(&parser));
    }
    bunghole_parser_init_receiver(&parser, true);
    feed(&parser, (const uint8_t *)"\xff\xff", 2, 2, &item, &result);
    assert_true(bunghole_parser_is_inside(&parser));
}

static void a_sender_takes_an_offer_and_nothing_else(void **state) {
    (void)state;
    struct bunghole_parser parser;
    struct bunghole_item item;
    enum bunghole_parse result;
    size_t size = bunghole_wire_put_offer(bytes, 9);
    for (size_t piece = 1; piece <= size; piece++) {
        bunghole_parser_init_sender(&parser);
        assert_int_equal(feed(&parser, bytes, size, piece, &item, &result), 1);
        assert_int_equal(item.kind, BUNGHOLE_ITEM_OFFER);
        assert_int_equal(item.features, 9);
        /* Nothing may come before the switch. */
        size_t used;
        assert_int_equal(bunghole_parser_feed(&parser, bytes, 1, &used, &item),
                         BUNGHOLE_PARSE_ERROR);
        assert_string_equal(parser.error, "bytes before the switch");
    }
    for (size_t at = 0; at < 4; at++) {
        bunghole_wire_put_offer(bytes, 0);
        bytes[at] ^= 0x20;
        bunghole_parser_init_sender(&parser);
        feed(&parser, bytes, size, 1, &item, &result);
        assert_int_equal(result, BUNGHOLE_PARSE_ERROR);
        assert_string_equal(parser.error, "bytes that are no offer");
    }
    bunghole_parser_init_sender(&parser);
    bunghole_wire_put_offer(bytes, 0);
    feed(&parser, bytes, 8, 8, &item, &result);
    bunghole_parser_switched(&parser);
    size = bunghole_wire_put_ping(bytes, 0, 77);
    assert_int_equal(feed(&parser, bytes, size, 1, &item, &result), 1);
    assert_int_equal(item.asked_ns, 77);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_of_v1_come_back_whole_whatever_the_pieces),
        cmocka_unit_test(an_offer_and_a_switch_are_the_bytes_of_the_document),
        cmocka_unit_test(an_audio_record_has_the_lengths_of_the_document),
        cmocka_unit_test(a_sender_that_switches_is_followed_byte_by_byte),
        cmocka_unit_test(a_record_of_a_kind_of_later_days_is_skipped),
        cmocka_unit_test(v1_lengths_that_do_not_exist_are_errors),
        cmocka_unit_test(records_of_a_length_that_their_kind_does_not_have_are_errors),
        cmocka_unit_test(a_truncated_frame_is_known_to_be_inside),
        cmocka_unit_test(a_sender_takes_an_offer_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
