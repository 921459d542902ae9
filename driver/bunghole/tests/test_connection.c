/* test_connection.c - deadlines, by a clock of the test's own: no test waits for one. */
#include "unit.h"
/* after cmocka.h */
#include "bunghole_connection.h"
#include "bunghole_system.h"
#include "peer.h"
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define S  BUNGHOLE_NS_PER_S
#define MS BUNGHOLE_NS_PER_MS

static char folder[64];
static struct peer peer;
static struct bunghole_connection connection;
static struct bunghole_statistics statistics;
static int lines, errors;
static char last_line[320];
static uint64_t now;

static void say(void *context, bool error, const char *text) {
    (void)context;
    lines++;
    errors += error;
    snprintf(last_line, sizeof last_line, "%s", text);
}

static void make(bool sends_audio, bool only_v1) {
    const struct bunghole_connection_config config = {
        .name = sends_audio ? "output" : "input",
        .sends_audio = sends_audio,
        .only_v1 = only_v1,
        .backoff_ns = S,
        .calls = &bunghole_dial_system,
        .say = say,
    };
    peer_init(&peer, folder, sends_audio ? PEER_OUTPUT_PORT : PEER_INPUT_PORT);
    struct bunghole_endpoint endpoint = peer_endpoint(&peer);
    memset(&statistics, 0, sizeof statistics);
    bunghole_connection_init(&connection, &config, &endpoint, &statistics);
    lines = errors = 0;
    now = 1000 * S;
}

/* One step as the threads make it; what poll() would say is asked. */
static void step(void) {
    uint64_t until;
    struct pollfd look = {.fd = connection.fd,
                          .events = bunghole_connection_wants(&connection, &until)};
    short events = connection.fd >= 0 && poll(&look, 1, 0) > 0 ? look.revents : 0;
    struct bunghole_item item;
    bunghole_connection_step(&connection, now, events);
    while (bunghole_connection_next(&connection, now, &item)) {
    }
    bunghole_connection_flush(&connection, now);
}

static void connect_it(void) {
    peer_listen(&peer);
    step();
    assert_int_equal(connection.state, BUNGHOLE_CONNECTED);
    peer_accept(&peer);
}

/* The same, with a host of the wire v2. */
static void connect_in_v2(void) {
    connect_it();
    peer_offer(&peer);
    step();
}

/* The connection has been left, once, for what `reason` counts. */
static void assert_left_for(const _Atomic uint64_t *reason) {
    assert_int_equal(connection.state, BUNGHOLE_WAITING);
    assert_int_equal(bunghole_counted(reason), 1);
}

/* If nothing comes the connection is kept until the last nanosecond, and left then. */
static void assert_patience_ends_after(uint64_t ns) {
    now += ns - 1;
    step();
    assert_int_equal(connection.state, BUNGHOLE_CONNECTED);
    now += 1;
    step();
    assert_int_equal(connection.state, BUNGHOLE_WAITING);
}

static int set_up(void **state) {
    (void)state;
    peer_make_folder(folder, sizeof folder);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    bunghole_connection_reset(&connection);
    peer_destroy(&peer);
    peer_forget_folder(folder);
    return 0;
}

static void an_absent_host_is_dialled_each_second_and_complained_of_once(void **state) {
    (void)state;
    make(true, false);
    for (int i = 0; i < 100; i++) {
        step();
        step(); /* not twice in a second */
        now += S;
    }
    assert_int_equal(bunghole_counted(&statistics.dials), 100);
    assert_int_equal(bunghole_counted(&statistics.failed), 100);
    assert_int_equal(lines, 1);
    connect_it();
    assert_int_equal(lines, 2);
    assert_int_equal(errors, 1);
    assert_non_null(strstr(last_line, "output connected to unix "));
    assert_non_null(strstr(last_line, ", wire v1"));
    uint64_t until;
    assert_int_equal(bunghole_connection_wants(&connection, &until), POLLIN);
    assert_true(until == BUNGHOLE_NEVER); /* a v1 peer never says anything */
}

static int calls_made;

static int no_socket(int family, int type, int protocol) {
    (void)family;
    (void)type;
    (void)protocol;
    calls_made++;
    return -1;
}

static int no_connect(int fd, const struct sockaddr *to, socklen_t size) {
    (void)fd;
    (void)to;
    (void)size;
    calls_made++;
    return -1;
}

static bool no_guest(char *text, size_t size) {
    snprintf(text, size, "quiet");
    return true;
}

/* Not with the system's calls: were the refusal broken, nobody must hear of it. */
static void what_is_refused_is_said_once_and_never_tried_again(void **state) {
    (void)state;
#ifdef __linux__
    static const struct bunghole_dial_calls calls = {no_socket, no_connect, no_connect, no_guest};
    make(true, false);
    connection.config.calls = &calls;
    connection.endpoint = (struct bunghole_endpoint){.cid = 2, .port = 5000};
    calls_made = 0;
    for (int i = 0; i < 1000; i++) {
        step();
        now += S;
    }
    assert_int_equal(calls_made, 0);
    assert_int_equal(connection.state, BUNGHOLE_REFUSED);
    assert_int_equal(bunghole_counted(&statistics.refused), 1);
    assert_int_equal(bunghole_counted(&statistics.dials), 0);
    assert_int_equal(lines, 1);
    assert_non_null(strstr(last_line, "vsock 2:5000"));
#endif
}

static void an_offer_in_two_pieces_is_answered_with_the_switch(void **state) {
    (void)state;
    make(true, false);
    connect_it();
    uint8_t offer[BUNGHOLE_OFFER_SIZE];
    struct bunghole_item item;
    bunghole_wire_put_offer(offer, 0);
    peer_write(&peer, offer, 3);
    step();
    assert_int_equal(connection.version, 1);
    now += S;
    peer_write(&peer, offer + 3, 5);
    step();
    assert_int_equal(connection.version, 2);
    assert_true(peer_read(&peer, &item));
    assert_int_equal(item.kind, BUNGHOLE_ITEM_SWITCH);
    assert_non_null(strstr(last_line, ", wire v2"));
}

static void half_an_offer_is_waited_for_two_seconds(void **state) {
    (void)state;
    make(true, false);
    connect_it();
    peer_write(&peer, "BHA", 3);
    step();
    assert_patience_ends_after(2 * S);
    assert_int_equal(bunghole_counted(&statistics.deadlines), 1);
}

static void with_wire_v1_an_offer_is_not_taken(void **state) {
    (void)state;
    make(true, true);
    connect_it();
    peer_offer(&peer);
    step();
    assert_int_equal(connection.state, BUNGHOLE_CONNECTED);
    assert_int_equal(connection.version, 1);
    assert_true(bunghole_connection_is_clear(&connection));
}

static void garbage_instead_of_an_offer_closes(void **state) {
    (void)state;
    make(true, false);
    connect_it();
    peer_write(&peer, "GET / HTTP/1.1\r\n", 16);
    step();
    assert_left_for(&statistics.protocol_errors);
    assert_true(peer_is_left(&peer));
    step(); /* and not before a second has gone it dials again */
    assert_int_equal(bunghole_counted(&statistics.dials), 1);
    now += S;
    step();
    assert_int_equal(bunghole_counted(&statistics.dials), 2);
}

static void a_v2_peer_that_falls_silent_is_half_open_after_three_seconds(void **state) {
    (void)state;
    make(true, false);
    connect_in_v2();
    uint64_t heard = now;
    while (now < heard + 3 * S - 100 * MS) {
        now += 100 * MS;
        step();
        assert_int_equal(connection.state, BUNGHOLE_CONNECTED);
    }
    now += 100 * MS;
    step();
    assert_left_for(&statistics.deadlines);
    assert_int_equal(bunghole_counted(&statistics.pings_sent), 3);
}

static void a_v2_peer_that_answers_pings_is_kept_and_its_clock_known(void **state) {
    (void)state;
    make(true, false);
    connect_in_v2();
    const uint64_t ahead = 77 * S;
    for (int i = 0; i < 100; i++) {
        struct bunghole_item item;
        uint8_t pong[64];
        now += S;
        step();
        assert_int_equal(connection.state, BUNGHOLE_CONNECTED);
        peer_read_kind(&peer, BUNGHOLE_ITEM_PING, &item);
        now += MS;
        peer_write(&peer, pong,
                   bunghole_wire_put_pong(pong, item.asked_ns, now + ahead, now + ahead));
        now += MS;
        step();
    }
    assert_int_equal(bunghole_counted(&statistics.pongs_heard), 100);
    assert_int_equal(bunghole_counted(&statistics.clock_offset_ns), ahead);
    assert_int_equal(bunghole_counted(&statistics.round_trip_ns), 2 * MS);
}

static void a_clock_of_the_peer_that_is_behind_ours_is_a_negative_offset(void **state) {
    (void)state;
    make(true, false);
    connect_in_v2();
    struct bunghole_item item;
    uint8_t pong[64];
    now += S;
    step();
    peer_read_kind(&peer, BUNGHOLE_ITEM_PING, &item);
    peer_write(&peer, pong, bunghole_wire_put_pong(pong, item.asked_ns, now - 5, now - 5));
    step();
    assert_true((int64_t)bunghole_counted(&statistics.clock_offset_ns) == -5);
    /* A pong for a ping that was never sent changes nothing. */
    peer_write(&peer, pong, bunghole_wire_put_pong(pong, now + S, 1, 2));
    peer_write(&peer, pong, bunghole_wire_put_pong(pong, item.asked_ns, 9, UINT64_MAX / 2));
    step();
    assert_true((int64_t)bunghole_counted(&statistics.clock_offset_ns) == -5);
}

static void a_v1_microphone_that_falls_silent_is_given_up_after_ten_seconds(void **state) {
    (void)state;
    make(false, false);
    connect_it();
    assert_patience_ends_after(10 * S);
}

static void a_frame_that_does_not_end_is_given_up_after_two_seconds(void **state) {
    (void)state;
    make(false, false);
    connect_it();
    peer_write(&peer, "\0\x20half", 6);
    step();
    now += 2 * S;
    step();
    assert_left_for(&statistics.deadlines);
}

static void one_byte_each_second_is_not_kept_for_ever(void **state) {
    (void)state;
    make(false, false);
    connect_it();
    int kept = 0;
    while (connection.state == BUNGHOLE_CONNECTED && kept < 100) {
        peer_write(&peer, "\1", 1);
        now += S;
        step();
        kept++;
    }
    assert_in_range(kept, 2, 4);
}

static void a_peer_that_never_reads_is_left_after_two_seconds(void **state) {
    (void)state;
    make(true, false);
    connect_it();
    static const uint8_t packet[1500] = {1};
    const struct bunghole_audio_info info = {0};
    int packets = 0;
    while (bunghole_connection_is_clear(&connection) && packets < 10000) {
        struct bunghole_audio_info sent = info;
        sent.sent_ns = now;
        bunghole_connection_put_audio(&connection, 0, &sent, packet, sizeof packet);
        bunghole_connection_flush(&connection, now);
        packets++;
    }
    /* What the kernel takes is small: old audio is of no use. */
    assert_in_range(packets, 1, 50);
    assert_patience_ends_after(2 * S);
    assert_int_equal(bunghole_counted(&statistics.deadlines), 1);
}

static void a_peer_that_closes_mid_frame_raises_no_signal(void **state) {
    (void)state;
    make(true, false); /* SIGPIPE has its default action: the test would end here */
    connect_it();
    static const uint8_t packet[1500] = {1};
    for (int i = 0; i < 3; i++) {
        peer_hang_up(&peer);
        if (connection.state == BUNGHOLE_CONNECTED) {
            const struct bunghole_audio_info info = {.sent_ns = now};
            bunghole_connection_put_audio(&connection, 0, &info, packet, sizeof packet);
            bunghole_connection_flush(&connection, now);
        }
        step();
        assert_int_equal(connection.state, BUNGHOLE_WAITING);
        now += S;
        step();
        peer_accept(&peer);
    }
    assert_int_equal(bunghole_counted(&statistics.closed_by_peer), 3);
}

static void a_flood_of_pings_costs_bounded_memory_and_no_connection(void **state) {
    (void)state;
    make(false, false);
    connect_it();
    uint8_t bytes[4096];
    size_t size = bunghole_wire_put_switch(bytes, 0);
    while (size + 12 <= sizeof bytes) {
        size += bunghole_wire_put_ping(bytes + size, 0, now);
    }
    for (int i = 0; i < 50; i++) {
        if (send(peer.fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT) > 0) {
            step();
        }
        if (i == 0) {
            memmove(bytes, bytes + BUNGHOLE_SWITCH_SIZE, size - BUNGHOLE_SWITCH_SIZE);
            size -= BUNGHOLE_SWITCH_SIZE;
        }
    }
    assert_int_equal(connection.state, BUNGHOLE_CONNECTED);
    assert_true(bunghole_counted(&statistics.pongs_sent) > 10);
}

static void audio_from_the_receiver_of_audio_is_an_error(void **state) {
    (void)state;
    make(true, false);
    connect_in_v2();
    uint8_t bytes[64];
    const struct bunghole_audio_info info = {0};
    bunghole_wire_put_audio(bytes, 0, &info, bytes, 1);
    peer_write(&peer, bytes, BUNGHOLE_RECORD_HEADER); /* the header will do */
    step();
    assert_left_for(&statistics.protocol_errors);
}

static void a_switch_that_takes_what_was_not_offered_is_an_error(void **state) {
    (void)state;
    make(false, false);
    connect_it();
    uint8_t bytes[BUNGHOLE_SWITCH_SIZE];
    peer_write(&peer, bytes, bunghole_wire_put_switch(bytes, 1));
    step();
    assert_left_for(&statistics.protocol_errors);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_absent_host_is_dialled_each_second_and_complained_of_once),
        TEST(what_is_refused_is_said_once_and_never_tried_again),
        TEST(an_offer_in_two_pieces_is_answered_with_the_switch),
        TEST(half_an_offer_is_waited_for_two_seconds),
        TEST(with_wire_v1_an_offer_is_not_taken),
        TEST(garbage_instead_of_an_offer_closes),
        TEST(a_v2_peer_that_falls_silent_is_half_open_after_three_seconds),
        TEST(a_v2_peer_that_answers_pings_is_kept_and_its_clock_known),
        TEST(a_clock_of_the_peer_that_is_behind_ours_is_a_negative_offset),
        TEST(a_v1_microphone_that_falls_silent_is_given_up_after_ten_seconds),
        TEST(a_frame_that_does_not_end_is_given_up_after_two_seconds),
        TEST(one_byte_each_second_is_not_kept_for_ever),
        TEST(a_peer_that_never_reads_is_left_after_two_seconds),
        TEST(a_peer_that_closes_mid_frame_raises_no_signal),
        TEST(a_flood_of_pings_costs_bounded_memory_and_no_connection),
        TEST(audio_from_the_receiver_of_audio_is_an_error),
        TEST(a_switch_that_takes_what_was_not_offered_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
