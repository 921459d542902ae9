/* test_farend_peer.c - the host at the other end of Bunghole's wire, step by step, on a thread and
 * a clock of the test's.
 *
 * In the daemon it lives in virtual time, which builds with sanitizers do not have: this is where
 * they see it.
 */
/* cmocka wants these first, in this order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "farend_peer_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MS     UINT64_C(1000000)
#define PACKET (20 * MS)

static struct halsim_host *host;
static struct farend_peer *peer;
static int fd = -1; /* the driver's end */
static struct bunghole_parser parser;

static void init_link(struct farend_link *link, enum farend_direction direction, uint32_t port) {
    struct halsim_error error;
    link->direction = direction;
    link->port = port;
    link->listener = link->fd = -1;
    assert_true(farend_link_listen(peer, link, &error));
}

static int set_up(void **state) {
    (void)state;
    struct halsim_error error;
    struct halsim_host_config config;
    halsim_host_config_init(&config);
    config.clock = HALSIM_CLOCK_VIRTUAL;
    host = halsim_host_create(&config, &error);
    assert_non_null(host);
    peer = calloc(1, sizeof *peer);
    assert_non_null(peer);
    peer->host = host;
    peer->clock = halsim_host_clock(host);
    peer->now_ns = 1000 * MS;
    snprintf(peer->folder, sizeof peer->folder, "%s/hal-lab-test-XXXXXX", P_tmpdir);
    assert_non_null(mkdtemp(peer->folder));
    const struct farend_peer_config with = {.bitrate = 64000, .seed = 7};
    assert_true(farend_ear_open(peer, &with, &error));
    assert_true(
        farend_mouth_open(peer, &with, halsim_source_create_sine(440.0, 0.5, 48000.0), &error));
    init_link(&peer->link[FAREND_OUTPUT], FAREND_OUTPUT, FAREND_PEER_OUTPUT_PORT);
    init_link(&peer->link[FAREND_INPUT], FAREND_INPUT, FAREND_PEER_INPUT_PORT);
    return 0;
}

static void hang_up(void) {
    if (fd >= 0) {
        close(fd);
    }
    fd = -1;
}

static int tear_down(void **state) {
    (void)state;
    hang_up();
    for (size_t i = 0; i < 2; i++) {
        farend_link_end(peer, &peer->link[i], &peer->link[i].stats.closed_by_us);
        farend_link_stop_listening(peer, &peer->link[i]);
    }
    assert_int_equal(rmdir(peer->folder), 0);
    farend_ear_close(&peer->ear);
    farend_mouth_close(&peer->mouth);
    free(peer);
    halsim_host_destroy(host);
    return 0;
}

/* ---- a driver -------------------------------------------------------------------------------- */

static void step(uint64_t ns) {
    peer->now_ns += ns;
    farend_link_step(peer, &peer->link[FAREND_OUTPUT]);
    farend_link_step(peer, &peer->link[FAREND_INPUT]);
}

static void dial(enum farend_direction direction) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    hang_up();
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s/%u.sock", peer->folder,
             peer->link[direction].port);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    step(MS);
    bunghole_parser_init_receiver(&parser, true);
}

static void say(const void *bytes, size_t size) {
    assert_int_equal(send(fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
    step(MS);
}

/* Dials the output, goes over to v2, says when its numbers began; 0: does not. */
static void begin_v2(uint64_t begun_ns) {
    uint8_t bytes[64];
    dial(FAREND_OUTPUT);
    size_t size = bunghole_wire_put_switch(bytes, 0);
    if (begun_ns > 0) {
        size += bunghole_wire_put_begun(bytes + size, begun_ns);
    }
    say(bytes, size);
    assert_int_equal(peer->link[FAREND_OUTPUT].stats.version, 2);
}

/* Opus: 20 ms of two channels in which nothing is said. */
static void play(uint32_t sequence, uint64_t captured_ns) {
    static const uint8_t opus[] = {0xfc};
    uint8_t bytes[BUNGHOLE_RECORD_MAX];
    const struct bunghole_audio_info info = {
        .sequence = sequence,
        .first_frame = sequence * UINT64_C(960),
        .captured_ns = captured_ns,
    };
    say(bytes, bunghole_wire_put_audio(bytes, 0, &info, opus, sizeof opus));
}

static void play_many(uint32_t first, uint32_t count) {
    for (uint32_t i = first; i < first + count; i++) {
        play(i, i * PACKET);
    }
}

/* The next item of the microphone; false: there is none, or the other end has hung up. */
static bool hear(struct bunghole_item *item) {
    uint8_t byte;
    while (recv(fd, &byte, 1, MSG_DONTWAIT) == 1) {
        size_t used;
        enum bunghole_parse result = bunghole_parser_feed(&parser, &byte, 1, &used, item);
        if (result != BUNGHOLE_PARSE_MORE) {
            return result == BUNGHOLE_PARSE_ITEM;
        }
    }
    return false;
}

/* ---- what it counts -------------------------------------------------------------------------- */

static void what_is_missing_is_counted_and_made_up_for(void **state) {
    (void)state;
    begin_v2(5);
    play_many(0, 10);
    assert_int_equal(peer->stats.lost_packets, 0);
    play_many(13, 10);
    assert_int_equal(peer->stats.lost_packets, 3);
    assert_int_equal(peer->stats.lost_frames, 3 * 960);
    assert_int_equal(peer->stats.concealed_frames, 3 * 960);
    assert_int_equal(peer->stats.decoded_frames, 20 * 960);
    assert_int_equal(peer->stats.restarts, 0);
}

/* Defect: a storm of starts and stops that was not heard. Each fills a packet up with silence. */
static void numbers_that_went_on_by_more_than_time_are_no_new_driver(void **state) {
    (void)state;
    begin_v2(5);
    play_many(0, 10);
    begin_v2(5);
    play(200, 10 * PACKET + 1000 * MS);
    assert_int_equal(peer->stats.restarts, 0);
    assert_int_equal(peer->stats.lost_packets, 190);
    assert_int_equal(peer->stats.lost_frames, 190 * 960);
}

static void a_driver_that_began_at_another_time_is_a_new_one(void **state) {
    (void)state;
    begin_v2(5);
    play_many(0, 10);
    begin_v2(6);
    /* By its numbers alone it could be the old one, 3.8 s later. */
    play(200, 200 * PACKET);
    assert_int_equal(peer->stats.restarts, 1);
    assert_int_equal(peer->stats.lost_packets, 0);
    play(202, 202 * PACKET);
    assert_int_equal(peer->stats.lost_packets, 1);
    begin_v2(6);
    play(203, 203 * PACKET);
    assert_int_equal(peer->stats.restarts, 1);
}

static void numbers_or_a_clock_that_went_back_are_those_of_a_guest_restored(void **state) {
    (void)state;
    begin_v2(5);
    play_many(100, 10);
    begin_v2(5);
    play(50, 110 * PACKET);
    assert_int_equal(peer->stats.restarts, 1);
    begin_v2(5);
    play(51, 20 * PACKET);
    assert_int_equal(peer->stats.restarts, 2);
    assert_int_equal(peer->stats.lost_packets, 0);
    /* Who does not say when it began is known by these, too. */
    begin_v2(0);
    play(3, 30 * PACKET);
    assert_int_equal(peer->stats.restarts, 3);
}

static void packets_suffer_on_their_way_as_asked(void **state) {
    (void)state;
    begin_v2(5);
    play_many(0, 5);
    assert_true(farend_peer_fault(peer, FAREND_OUTPUT, FAREND_DROP, 0, 2));
    play_many(5, 3);
    assert_true(farend_peer_fault(peer, FAREND_OUTPUT, FAREND_DOUBLE, 0, 2));
    play_many(8, 3);
    assert_true(farend_peer_fault(peer, FAREND_OUTPUT, FAREND_EXCHANGE, 0, 2));
    play_many(11, 5);
    assert_int_equal(peer->link[FAREND_OUTPUT].stats.lost_on_purpose, 2);
    assert_int_equal(peer->stats.lost_packets, 2);
    assert_int_equal(peer->stats.duplicates, 2);
    assert_int_equal(peer->stats.out_of_order, 2);
    assert_int_equal(peer->link[FAREND_OUTPUT].stats.packets, 16);
}

/* ---- the table of packets -------------------------------------------------------------------- */

static struct farend_row rows[64];

/* Opens a recording of its own in the folder, and a table beside it. */
static void record(char recording[static 128], char table[static 128]) {
    struct halsim_error error;
    snprintf(recording, 128, "%s/a.f32", peer->folder);
    snprintf(table, 128, "%s/a.packets", peer->folder);
    const struct farend_peer_config with = {
        .bitrate = 64000, .record = recording, .record_frames = 48000, .table = table};
    farend_ear_close(&peer->ear);
    memset(&peer->ear, 0, sizeof peer->ear);
    assert_true(farend_ear_open(peer, &with, &error));
}

static size_t read_rows(const char *recording, const char *table) {
    halsim_sink_destroy(peer->ear.recording);
    halsim_sink_destroy(peer->ear.table);
    peer->ear.recording = peer->ear.table = NULL;
    FILE *file = fopen(table, "rb");
    assert_non_null(file);
    size_t count = fread(rows, sizeof rows[0], sizeof rows / sizeof rows[0], file);
    assert_true(feof(file) != 0 || count == sizeof rows / sizeof rows[0]);
    fclose(file);
    assert_int_equal(remove(recording), 0);
    assert_int_equal(remove(table), 0);
    return count;
}

static void each_packet_has_a_row_and_what_was_made_up_as_well(void **state) {
    (void)state;
    char recording[128], table[128];
    record(recording, table);
    begin_v2(5);
    play_many(7, 2);
    play_many(11, 1);
    assert_int_equal(read_rows(recording, table), 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(rows[i].recorded_frame, i * 960);
        assert_int_equal(rows[i].frames, 960);
        assert_int_equal(rows[i].sequence, 7 + i);
        assert_int_equal(rows[i].first_frame, (7 + i) * 960);
    }
    assert_int_equal(rows[0].flags, FAREND_ROW_CONNECTED);
    assert_int_equal(rows[1].flags, 0);
    assert_int_equal(rows[1].lost, 0);
    assert_int_equal(rows[2].flags, FAREND_ROW_CONCEALED);
    assert_int_equal(rows[3].flags, FAREND_ROW_CONCEALED);
    assert_int_equal(rows[4].flags, 0);
    assert_int_equal(rows[4].lost, 2);
    assert_int_equal(rows[4].captured_ns, 11 * PACKET);
    assert_int_equal(rows[4].received_ns, peer->now_ns);
}

static void what_comes_twice_or_late_is_marked_where_it_is_heard(void **state) {
    (void)state;
    char recording[128], table[128];
    record(recording, table);
    begin_v2(5);
    play_many(0, 2);
    play(1, PACKET);
    play(3, 3 * PACKET);
    play(2, 2 * PACKET);
    /* 0 1 1 (2 made up) 3 2 */
    assert_int_equal(read_rows(recording, table), 6);
    assert_int_equal(rows[2].flags, FAREND_ROW_DUPLICATE);
    assert_int_equal(rows[3].flags, FAREND_ROW_CONCEALED);
    assert_int_equal(rows[4].lost, 1);
    assert_int_equal(rows[5].flags, FAREND_ROW_REORDERED);
    assert_int_equal(rows[5].recorded_frame, 5 * 960);
}

static void a_packet_without_a_number_has_a_row_without_one(void **state) {
    (void)state;
    static const uint8_t frame[] = {0, 1, 0xfc};
    static const uint8_t no_opus[] = {0, 1, 0xff};
    char recording[128], table[128];
    record(recording, table);
    dial(FAREND_OUTPUT);
    say(frame, sizeof frame);
    say(no_opus, sizeof no_opus);
    assert_int_equal(read_rows(recording, table), 2);
    assert_int_equal(rows[0].flags, FAREND_ROW_V1 | FAREND_ROW_CONNECTED);
    assert_int_equal(rows[0].captured_ns, 0);
    assert_int_equal(rows[1].flags, FAREND_ROW_V1 | FAREND_ROW_UNDECODABLE);
    assert_int_equal(rows[1].recorded_frame, 960);
    assert_int_equal(rows[1].frames, 960);
}

/* ---- the connection -------------------------------------------------------------------------- */

static void a_driver_that_says_nothing_for_three_seconds_is_left(void **state) {
    (void)state;
    begin_v2(5);
    step(2990 * MS);
    assert_int_equal(peer->link[FAREND_OUTPUT].stats.deadlines, 0);
    step(20 * MS);
    assert_int_equal(peer->link[FAREND_OUTPUT].stats.deadlines, 1);
    assert_int_equal(peer->link[FAREND_OUTPUT].fd, -1);
}

static void the_microphone_spoils_what_it_was_asked_to_spoil(void **state) {
    (void)state;
    struct bunghole_item item;
    uint8_t offer[BUNGHOLE_OFFER_SIZE];
    dial(FAREND_INPUT);
    say(offer, bunghole_wire_put_offer(offer, 0));
    uint32_t packets = 0;
    for (int i = 0; i < 50; i++) {
        step(20 * MS);
        while (hear(&item)) {
            packets += item.kind == BUNGHOLE_ITEM_FRAME || item.kind == BUNGHOLE_ITEM_AUDIO;
        }
    }
    assert_true(packets >= 50 && packets <= 52);
    assert_true(farend_peer_fault(peer, FAREND_INPUT, FAREND_GARBAGE, 0, 3));
    assert_false(farend_peer_fault(peer, FAREND_OUTPUT, FAREND_GARBAGE, 0, 3));
    peer->now_ns = peer->mouth.next_ns;
    step(60 * MS);
    assert_int_equal(peer->link[FAREND_INPUT].stats.garbage, 3);
    while (hear(&item)) {
    }
    uint64_t now_ns = peer->now_ns;
    assert_true(farend_peer_fault(peer, FAREND_INPUT, FAREND_CUT_OFF, 0, 0));
    peer->now_ns = now_ns;
    step(40 * MS);
    assert_int_equal(peer->link[FAREND_INPUT].stats.broken, 1);
    while (hear(&item)) {
    }
    assert_true(bunghole_parser_is_inside(&parser)); /* half of one */
    assert_int_equal(recv(fd, offer, 1, MSG_DONTWAIT), 0);
}

static void any_bytes_end_no_more_than_their_connection(void **state) {
    (void)state;
    uint64_t random = 1;
    for (int round = 0; round < 400; round++) {
        uint8_t bytes[512];
        size_t size = 0;
        dial(round % 2 == 0 ? FAREND_OUTPUT : FAREND_INPUT);
        if (round % 4 == 0) {
            size = bunghole_wire_put_switch(bytes, 0); /* so that records are read, too */
        } else if (round % 4 == 1) {
            size = bunghole_wire_put_offer(bytes, 0);
        }
        for (size_t i = size; i < sizeof bytes; i++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
            bytes[i] = (uint8_t)(random >> 56) & (i % 3 == 0 ? 3 : 255);
        }
        (void)send(fd, bytes, sizeof bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
        step(MS);
    }
    assert_true(peer->link[FAREND_OUTPUT].stats.protocol_errors > 50);
    uint64_t before = peer->stats.decoded_frames;
    begin_v2(5);
    play_many(0, 10);
    assert_int_equal(peer->stats.decoded_frames - before, 10 * 960);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_missing_is_counted_and_made_up_for),
        TEST(numbers_that_went_on_by_more_than_time_are_no_new_driver),
        TEST(a_driver_that_began_at_another_time_is_a_new_one),
        TEST(numbers_or_a_clock_that_went_back_are_those_of_a_guest_restored),
        TEST(packets_suffer_on_their_way_as_asked),
        TEST(each_packet_has_a_row_and_what_was_made_up_as_well),
        TEST(what_comes_twice_or_late_is_marked_where_it_is_heard),
        TEST(a_packet_without_a_number_has_a_row_without_one),
        TEST(a_driver_that_says_nothing_for_three_seconds_is_left),
        TEST(the_microphone_spoils_what_it_was_asked_to_spoil),
        TEST(any_bytes_end_no_more_than_their_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
