/* farend_peer.c - the folder, opening and closing, the thread. */
#include "farend_peer.h"
#include <stdio.h>

#ifdef HAL_LAB_HAVE_BUNGHOLE
#include "farend_peer_private.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VARIABLE "BUNGHOLE_UNIX"

static bool fail(struct halsim_error *error, enum halsim_status status, const char *what,
                 const char *why) {
    *error = (struct halsim_error){.status = status};
    snprintf(error->message, sizeof error->message, "far end \"bunghole-opus\": %s: %s", what, why);
    return false;
}

/* ---- the folder ------------------------------------------------------------------------------ */

static bool make_folder(struct farend_peer *peer, struct halsim_error *error) {
    const char *below = getenv("TMPDIR");
    if (below == NULL || below[0] != '/') {
        below = P_tmpdir;
    }
    char name[FAREND_PEER_FOLDER];
    int length = snprintf(name, sizeof name, "%s/hal-lab-peer-XXXXXX", below);
    if (length < 0 || (size_t)length >= sizeof name) {
        return fail(error, HALSIM_ERROR_SYSTEM, "TMPDIR is too long for the name of a socket",
                    "name a shorter one");
    }
    if (mkdtemp(name) == NULL) {
        return fail(error, HALSIM_ERROR_SYSTEM, "cannot make a folder for sockets",
                    strerror(errno));
    }
    memcpy(peer->folder, name, sizeof name);
    if (peer->keeper.made != NULL) {
        peer->keeper.made(peer->folder);
    }
    return true;
}

static void remove_folder(struct farend_peer *peer) {
    const char *there = getenv(VARIABLE);
    if (there != NULL && strcmp(there, peer->folder) == 0) {
        (void)unsetenv(VARIABLE);
    }
    (void)rmdir(peer->folder);
    if (peer->keeper.gone != NULL) {
        peer->keeper.gone(peer->folder);
    }
}

/* ---- the thread ------------------------------------------------------------------------------ */

/* What is asked of it from outside is seen after so long. */
#define LONGEST_NS UINT64_C(10000000)
#define NS_PER_MS  UINT64_C(1000000)

static void *run(void *context) {
    struct farend_peer *peer = context;
    while (!atomic_load(&peer->stop)) {
        struct pollfd fds[4];
        peer->now_ns = halsim_clock_now_ns(peer->clock);
        peer->stats.steps++;
        farend_link_step(peer, &peer->link[FAREND_OUTPUT]);
        farend_link_step(peer, &peer->link[FAREND_INPUT]);
        uint64_t until_ns = peer->now_ns + LONGEST_NS;
        nfds_t count = farend_link_wants(peer, &peer->link[FAREND_OUTPUT], fds, &until_ns);
        count += farend_link_wants(peer, &peer->link[FAREND_INPUT], fds + count, &until_ns);
        uint64_t ns = until_ns > peer->now_ns ? until_ns - peer->now_ns : 0;
        (void)poll(fds, count, (int)((ns + NS_PER_MS - 1) / NS_PER_MS));
    }
    return NULL;
}

/* The signals of the host are the host's. */
static bool start_thread(struct farend_peer *peer, struct halsim_error *error) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = pthread_create(&peer->thread, NULL, run, peer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    peer->has_thread = status == 0;
    return peer->has_thread ||
           fail(error, HALSIM_ERROR_SYSTEM, "no thread is to be had", strerror(status));
}

/* ---- opening and closing --------------------------------------------------------------------- */

static void init_link(struct farend_link *link, enum farend_direction direction, bool only_v1) {
    link->direction = direction;
    link->port = direction == FAREND_OUTPUT ? FAREND_PEER_OUTPUT_PORT : FAREND_PEER_INPUT_PORT;
    link->only_v1 = only_v1;
    link->listener = link->fd = -1;
}

struct farend_peer *farend_peer_open(struct halsim_host *host,
                                     const struct farend_peer_config *config,
                                     struct halsim_source *microphone, struct halsim_error *error) {
    struct farend_peer *peer = calloc(1, sizeof *peer);
    if (peer == NULL) {
        halsim_source_destroy(microphone);
        (void)fail(error, HALSIM_ERROR_SYSTEM, "it cannot be opened", "out of memory");
        return NULL;
    }
    peer->host = host;
    peer->clock = halsim_host_clock(host);
    peer->now_ns = halsim_clock_now_ns(peer->clock);
    atomic_init(&peer->stop, false);
    if (config->keeper != NULL) {
        peer->keeper = *config->keeper;
    }
    init_link(&peer->link[FAREND_OUTPUT], FAREND_OUTPUT, config->only_v1);
    init_link(&peer->link[FAREND_INPUT], FAREND_INPUT, config->only_v1);
    if (!farend_mouth_open(peer, config, microphone, error) ||
        !farend_ear_open(peer, config, error) || !make_folder(peer, error) ||
        !farend_link_listen(peer, &peer->link[FAREND_OUTPUT], error) ||
        !farend_link_listen(peer, &peer->link[FAREND_INPUT], error) || !start_thread(peer, error)) {
        farend_peer_close(peer);
        return NULL;
    }
    if (setenv(VARIABLE, peer->folder, 1) != 0) {
        (void)fail(error, HALSIM_ERROR_SYSTEM, "cannot set " VARIABLE, strerror(errno));
        farend_peer_close(peer);
        return NULL;
    }
    return peer;
}

void farend_peer_close(struct farend_peer *peer) {
    if (peer->has_thread) {
        atomic_store(&peer->stop, true);
        (void)pthread_join(peer->thread, NULL);
    }
    for (size_t i = 0; i < 2; i++) {
        farend_link_end(peer, &peer->link[i], &peer->link[i].stats.closed_by_us);
        farend_link_stop_listening(peer, &peer->link[i]);
    }
    if (peer->folder[0] != '\0') {
        remove_folder(peer);
    }
    farend_ear_close(&peer->ear);
    farend_mouth_close(&peer->mouth);
    free(peer);
}

const char *farend_peer_folder(const struct farend_peer *peer) {
    return peer->folder;
}

void farend_peer_read_stats(struct farend_peer *peer, bool forget_latency,
                            struct farend_peer_stats *stats) {
    struct farend_peer_stats *live = &peer->stats;
    live->link[0] = peer->link[0].stats;
    live->link[1] = peer->link[1].stats;
    live->latency_p50_ns = 0;
    farend_ear_latency(&peer->ear, live);
    *stats = *live;
    if (forget_latency) {
        live->latency_count = live->latency_min_ns = live->latency_max_ns = 0;
        memset(peer->ear.bins, 0, sizeof peer->ear.bins);
    }
}

#else
#include <string.h>

struct farend_peer *farend_peer_open(struct halsim_host *host,
                                     const struct farend_peer_config *config,
                                     struct halsim_source *microphone, struct halsim_error *error) {
    (void)host;
    (void)config;
    halsim_source_destroy(microphone);
    *error = (struct halsim_error){.status = HALSIM_ERROR_UNSUPPORTED};
    snprintf(error->message, sizeof error->message,
             "far end \"bunghole-opus\": this build has no Bunghole; it needs libopus");
    return NULL;
}

void farend_peer_close(struct farend_peer *peer) {
    (void)peer;
}

const char *farend_peer_folder(const struct farend_peer *peer) {
    (void)peer;
    return "";
}

void farend_peer_read_stats(struct farend_peer *peer, bool forget_latency,
                            struct farend_peer_stats *stats) {
    (void)peer;
    (void)forget_latency;
    memset(stats, 0, sizeof *stats);
}

bool farend_peer_fault(struct farend_peer *peer, enum farend_direction direction,
                       enum farend_fault fault, uint64_t ns, uint64_t amount) {
    (void)peer;
    (void)direction;
    (void)fault;
    (void)ns;
    (void)amount;
    return false;
}
#endif
