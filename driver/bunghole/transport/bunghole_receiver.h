/* bunghole_receiver.h - the host's microphone on its way to the device's input: connection,
 * decoder, playout, thread.
 *
 * Threads: read() is for the IO thread alone; create, destroy, run, configure one at a time.
 */
#ifndef BUNGHOLE_RECEIVER_H
#define BUNGHOLE_RECEIVER_H

#include "bunghole_playout.h"
#include "bunghole_sender.h"

/* Lost packets that are made up for; of more than these only so many. */
#define BUNGHOLE_CONCEAL_PACKETS 5u
/* A number that is behind by so much at most is late; by more, the count has begun anew. */
#define BUNGHOLE_LATE_NUMBERS    50u

struct bunghole_receiver {
    struct bunghole_playout playout;
    struct bunghole_statistics statistics;
    struct bunghole_connection connection; /* the thread's, but for `shown` */

    struct bunghole_thread thread;
    pthread_mutex_t mutex;
    bool reconfigured; /* under the mutex, as `wanted` */
    struct bunghole_link_config wanted;

    /* The thread's own. */
    struct bunghole_decoder *decoder;
    bool has_sequence;
    uint32_t next_sequence;
    float audio[BUNGHOLE_DECODE_MAX * 2];
};

/* NULL when there is no memory or no thread. */
struct bunghole_receiver *bunghole_receiver_create(const struct bunghole_link_config *config);
void bunghole_receiver_destroy(struct bunghole_receiver *receiver);
/* IO has started (before the first read) or stopped (after the last). */
void bunghole_receiver_run(struct bunghole_receiver *receiver, bool running);
void bunghole_receiver_configure(struct bunghole_receiver *receiver,
                                 const struct bunghole_link_config *config);

/* The IO thread. Fills `audio`, with silence what there is none for. Wait-free. */
void bunghole_receiver_read(struct bunghole_receiver *receiver, float *audio, uint32_t frames);

#endif
