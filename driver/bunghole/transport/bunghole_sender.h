/* bunghole_sender.h - the device's output on its way to the host: ring, thread, encoder,
 * connection.
 *
 * The thread empties the ring all the time: into packets of 20 ms while connected, into nothing
 * while not, so that a new connection begins with what is played now. A packet never holds the end
 * of one run of IO and the beginning of the next: the first is filled up with silence.
 *
 * Threads: write() is for the IO thread alone; create, destroy, run, configure one at a time.
 */
#ifndef BUNGHOLE_SENDER_H
#define BUNGHOLE_SENDER_H

#include "bunghole_codec.h"
#include "bunghole_connection.h"
#include "bunghole_ring.h"
#include "bunghole_system.h"
#include "haldrv/level.h"

/* That may wait behind a socket which takes nothing; with long blocks more, as the ring says. */
#define BUNGHOLE_LATE_PACKETS 3u

/* What both directions are told. */
struct bunghole_link_config {
    struct bunghole_endpoint endpoint;
    bool only_v1;
    uint32_t backoff_ms;
    uint32_t bitrate; /* sender */
    const struct bunghole_dial_calls *calls;
    void (*say)(void *context, bool error, const char *text);
    void *context;
};

struct bunghole_sender {
    struct bunghole_ring ring;
    struct bunghole_statistics statistics;
    struct bunghole_connection connection; /* the thread's, but for `shown` */
    const struct haldrv_level *level;
    _Atomic bool running; /* IO is */

    struct bunghole_thread thread;
    pthread_mutex_t mutex;
    bool reconfigured; /* under the mutex, as `wanted` */
    struct bunghole_link_config wanted;

    /* The thread's own. */
    struct bunghole_encoder *encoder;
    struct haldrv_gain gain;
    uint64_t padding;    /* frames of silence put in so far: they count as frames */
    uint64_t next_frame; /* number of the frame behind the last packet */
    uint32_t sequence;   /* of the next packet */
    bool cut_off;        /* audio before the next packet is missing */
    float audio[BUNGHOLE_PACKET_FRAMES * BUNGHOLE_CHANNELS];
    int16_t samples[BUNGHOLE_PACKET_FRAMES * BUNGHOLE_CHANNELS];
    uint8_t packet[BUNGHOLE_PACKET_MAX];
};

/* NULL when there is no memory or no thread. `level` outlives it. `first_frame`: number of the
 * first frame; 0 but in tests of what happens after years. */
struct bunghole_sender *bunghole_sender_create(const struct bunghole_link_config *config,
                                               const struct haldrv_level *level,
                                               uint64_t first_frame);
/* NULL is fine. Closes the connection and waits for the thread. */
void bunghole_sender_destroy(struct bunghole_sender *sender);
/* IO has started (before the first write) or stopped (after the last). */
void bunghole_sender_run(struct bunghole_sender *sender, bool running);
/* Another endpoint or wire: closes the connection, and dials. */
void bunghole_sender_configure(struct bunghole_sender *sender,
                               const struct bunghole_link_config *config);

/* The IO thread; BUNGHOLE_BLOCK_... flags. False when not all frames fit. Wait-free. */
bool bunghole_sender_write(struct bunghole_sender *sender, const float *audio, uint32_t frames,
                           uint64_t time_ns, uint32_t flags);

#endif
