/* mistakes.c - what Bunghole could do wrong, for a soak to find: BUNGHOLE_MISTAKE names one.
 *
 * Linked into a bundle of the driver's own sources, in the place of some functions (ld --wrap).
 *
 *   keeps-stale-audio  while nobody listens the ring is not emptied: a connection begins with a
 * burst loses-a-packet     each 500th packet is not sent, and nothing says so never-reconnects   a
 * second connection is never made grows-latency      each 10 s a packet more is kept back leaks
 * each packet leaves 64 bytes behind
 */
#include "bunghole_sender.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOSES_EACH  500u
#define GROWS_NS    (10 * BUNGHOLE_NS_PER_S)
#define GROWS_MOST  2u
#define LEAKS_BYTES 64u

static bool makes(const char *mistake) {
    const char *named = getenv("BUNGHOLE_MISTAKE");
    return named != NULL && strcmp(named, mistake) == 0;
}

void __real_bunghole_ring_take(struct bunghole_ring *ring, float *audio, uint32_t frames);
void __wrap_bunghole_ring_take(struct bunghole_ring *ring, float *audio, uint32_t frames);

bool __real_bunghole_ring_peek(struct bunghole_ring *ring, uint32_t most,
                               struct bunghole_span *span);
bool __wrap_bunghole_ring_peek(struct bunghole_ring *ring, uint32_t most,
                               struct bunghole_span *span);

void __real_bunghole_encoder_reset(struct bunghole_encoder *encoder);
void __wrap_bunghole_encoder_reset(struct bunghole_encoder *encoder);

void __real_bunghole_connection_put_audio(struct bunghole_connection *connection, uint8_t flags,
                                          const struct bunghole_audio_info *info,
                                          const uint8_t *packet, size_t size);
void __wrap_bunghole_connection_put_audio(struct bunghole_connection *connection, uint8_t flags,
                                          const struct bunghole_audio_info *info,
                                          const uint8_t *packet, size_t size);

enum bunghole_dialled __real_bunghole_dial(const struct bunghole_dial_calls *calls,
                                           const struct bunghole_endpoint *endpoint, int *fd,
                                           int *error);
enum bunghole_dialled __wrap_bunghole_dial(const struct bunghole_dial_calls *calls,
                                           const struct bunghole_endpoint *endpoint, int *fd,
                                           int *error);

/* ---- keeps-stale-audio ----------------------------------------------------------------------- */

/* What was kept while nobody listened is still there. */
static bool kept;

/* The ring is the first thing in a sender. */
void __wrap_bunghole_ring_take(struct bunghole_ring *ring, float *audio, uint32_t frames) {
    const struct bunghole_sender *sender = (const struct bunghole_sender *)(void *)ring;
    if (audio == NULL && makes("keeps-stale-audio")) {
        if (sender->connection.state != BUNGHOLE_CONNECTED) {
            kept = true;
            return;
        }
        if (kept) {
            return;
        }
    }
    __real_bunghole_ring_take(ring, audio, frames);
}

/* A connection has begun, and the ring was emptied, as the sender thinks. */
void __wrap_bunghole_encoder_reset(struct bunghole_encoder *encoder) {
    kept = false;
    __real_bunghole_encoder_reset(encoder);
}

/* ---- grows-latency --------------------------------------------------------------------------- */

bool __wrap_bunghole_ring_peek(struct bunghole_ring *ring, uint32_t most,
                               struct bunghole_span *span) {
    static uint64_t began_ns;
    if (makes("grows-latency")) {
        uint64_t now = bunghole_now_ns();
        began_ns = began_ns == 0 ? now : began_ns;
        uint64_t more = (now - began_ns) / GROWS_NS;
        more = more < GROWS_MOST ? more : GROWS_MOST;
        if (bunghole_ring_fill(ring) < (more + 1) * BUNGHOLE_PACKET_FRAMES) {
            return false;
        }
    }
    return __real_bunghole_ring_peek(ring, most, span);
}

/* ---- loses-a-packet, leaks ------------------------------------------------------------------- */

void __wrap_bunghole_connection_put_audio(struct bunghole_connection *connection, uint8_t flags,
                                          const struct bunghole_audio_info *info,
                                          const uint8_t *packet, size_t size) {
    static uint32_t count;
    if (makes("loses-a-packet") && ++count % LOSES_EACH == 0) {
        return;
    }
    if (makes("leaks")) {
        void *volatile forgotten = malloc(LEAKS_BYTES);
        (void)forgotten;
    }
    __real_bunghole_connection_put_audio(connection, flags, info, packet, size);
}

/* ---- never-reconnects ------------------------------------------------------------------------ */

enum bunghole_dialled __wrap_bunghole_dial(const struct bunghole_dial_calls *calls,
                                           const struct bunghole_endpoint *endpoint, int *fd,
                                           int *error) {
    static _Atomic uint32_t connections;
    if (makes("never-reconnects") && atomic_load(&connections) >= 2) {
        *fd = -1;
        *error = ECONNREFUSED;
        return BUNGHOLE_DIAL_FAILED;
    }
    enum bunghole_dialled result = __real_bunghole_dial(calls, endpoint, fd, error);
    if (result == BUNGHOLE_DIAL_CONNECTED) {
        atomic_fetch_add(&connections, 1);
    }
    return result;
}
