/* bunghole_statistics.h - what one direction has counted since the driver was loaded.
 *
 * Each counter has one writer; anybody may read. The lists give a counter's field and its name in
 * the dictionary that the driver shows.
 */
#ifndef BUNGHOLE_STATISTICS_H
#define BUNGHOLE_STATISTICS_H

#include <stdatomic.h>
#include <stdint.h>

/* Of the connection, in both directions. */
#define BUNGHOLE_CONNECTION_COUNTERS(X)                                                            \
    X(dials, "dials")                                                                              \
    X(refused, "dials refused")                                                                    \
    X(failed, "dials failed")                                                                      \
    X(connections, "connections")                                                                  \
    X(closed_by_peer, "closed by peer")                                                            \
    X(broken, "connections broken")                                                                \
    X(protocol_errors, "protocol errors")                                                          \
    X(deadlines, "deadlines missed")                                                               \
    X(bytes_sent, "bytes sent")                                                                    \
    X(bytes_received, "bytes received")                                                            \
    X(records_skipped, "records skipped")                                                          \
    X(pings_sent, "pings sent")                                                                    \
    X(pongs_sent, "pongs sent")                                                                    \
    X(pongs_heard, "pongs heard")                                                                  \
    X(round_trip_ns, "shortest round trip ns")                                                     \
    X(clock_offset_ns, "peer clock minus ours ns")

#define BUNGHOLE_SENDER_COUNTERS(X)                                                                \
    X(packets_sent, "packets sent")                                                                \
    X(frames_sent, "frames sent")                                                                  \
    X(unconnected, "frames unconnected")                                                           \
    X(late, "frames late")                                                                         \
    X(padded, "frames padded")                                                                     \
    X(encode_errors, "encode errors")

#define BUNGHOLE_RECEIVER_COUNTERS(X)                                                              \
    X(packets_received, "packets received")                                                        \
    X(frames_received, "frames received")                                                          \
    X(decode_errors, "decode errors")                                                              \
    X(packets_lost, "packets lost")                                                                \
    X(packets_concealed, "packets concealed")                                                      \
    X(out_of_order, "packets out of order")

struct bunghole_statistics {
#define FIELD(name, text) _Atomic uint64_t name;
    BUNGHOLE_CONNECTION_COUNTERS(FIELD)
    BUNGHOLE_SENDER_COUNTERS(FIELD)
    BUNGHOLE_RECEIVER_COUNTERS(FIELD)
#undef FIELD
};

/* By the one who writes. What it did before is seen by whoever sees the count. */
static inline void bunghole_count(_Atomic uint64_t *counter, uint64_t amount) {
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, value + amount, memory_order_release);
}

static inline uint64_t bunghole_counted(const _Atomic uint64_t *counter) {
    return atomic_load_explicit(counter, memory_order_acquire);
}

#endif
