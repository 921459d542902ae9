/* farend_peer.c - the folder, opening and closing, the step. */
#include "farend_peer.h"
#include <stdio.h>

#ifdef HAL_LAB_HAVE_BUNGHOLE
#include "farend_peer_private.h"
#include <errno.h>
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

/* ---- the step -------------------------------------------------------------------------------- */

void farend_peer_step(struct farend_peer *peer, uint64_t now_ns) {
    peer->now_ns = now_ns;
    peer->stats.steps++;
    farend_link_step(peer, &peer->link[FAREND_OUTPUT]);
    farend_link_step(peer, &peer->link[FAREND_INPUT]);
}

static void after_cycle(uint32_t device, const struct halsim_trace_record *record, void *context) {
    struct farend_peer *peer = context;
    (void)record;
    if (peer->device == FAREND_PEER_EVERY || peer->device == device) {
        peer->cycle_device = device;
        farend_peer_step(peer, halsim_clock_now_ns(halsim_host_clock(peer->host)));
    }
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
    peer->device = config->device;
    peer->now_ns = halsim_clock_now_ns(halsim_host_clock(host));
    if (config->keeper != NULL) {
        peer->keeper = *config->keeper;
    }
    init_link(&peer->link[FAREND_OUTPUT], FAREND_OUTPUT, config->only_v1);
    init_link(&peer->link[FAREND_INPUT], FAREND_INPUT, config->only_v1);
    if (!farend_mouth_open(peer, config, microphone, error) ||
        !halsim_host_add_cycle_hook(host, after_cycle, peer, error)) {
        farend_peer_close(peer, NULL);
        return NULL;
    }
    if (!farend_ear_open(peer, config, error) || !make_folder(peer, error) ||
        !farend_link_listen(peer, &peer->link[FAREND_OUTPUT], error) ||
        !farend_link_listen(peer, &peer->link[FAREND_INPUT], error)) {
        farend_peer_close(peer, host);
        return NULL;
    }
    if (setenv(VARIABLE, peer->folder, 1) != 0) {
        (void)fail(error, HALSIM_ERROR_SYSTEM, "cannot set " VARIABLE, strerror(errno));
        farend_peer_close(peer, host);
        return NULL;
    }
    return peer;
}

void farend_peer_close(struct farend_peer *peer, struct halsim_host *host) {
    if (host != NULL) {
        halsim_host_remove_cycle_hook(host, after_cycle, peer);
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

void farend_peer_close(struct farend_peer *peer, struct halsim_host *host) {
    (void)peer;
    (void)host;
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

void farend_peer_step(struct farend_peer *peer, uint64_t now_ns) {
    (void)peer;
    (void)now_ns;
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
