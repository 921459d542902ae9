/* farend_peer_faults.c - what the far end of Bunghole does wrong on purpose. */
#ifdef HAL_LAB_HAVE_BUNGHOLE
#include "farend_peer_private.h"

static uint64_t until(const struct farend_peer *peer, uint64_t ns) {
    return ns > UINT64_MAX - peer->now_ns ? UINT64_MAX : peer->now_ns + ns;
}

static void refuse(struct farend_peer *peer, struct farend_link *link, uint64_t ns) {
    link->refuses_to_ns = until(peer, ns);
    if (ns > 0) {
        farend_link_stop_listening(peer, link);
    } else if (link->listener < 0) {
        (void)farend_link_listen(peer, link, NULL); /* else at the next step */
    }
}

static void slow(struct farend_peer *peer, struct farend_link *link, uint64_t ns,
                 uint64_t percent) {
    link->slow_to_ns = until(peer, ns);
    link->slow_since_ns = peer->now_ns;
    link->slow_percent = (uint32_t)percent;
    link->credit = 0;
}

static void exchange(struct farend_link *link, uint64_t pairs) {
    /* One that waits for its second half stays where it is, so that nothing gets lost. */
    link->exchange = link->has_waiting && pairs == 0 ? 1 : pairs;
}

bool farend_peer_fault(struct farend_peer *peer, enum farend_direction direction,
                       enum farend_fault fault, uint64_t ns, uint64_t amount) {
    struct farend_link *link = &peer->link[direction];
    peer->now_ns = halsim_clock_now_ns(peer->clock);
    switch (fault) {
    case FAREND_STALL:
        link->stalled_to_ns = until(peer, ns);
        return true;
    case FAREND_SLOW:
        slow(peer, link, ns, amount);
        return true;
    case FAREND_HALF_OPEN:
        link->stats.half_open = link->fd >= 0;
        return true;
    case FAREND_CLOSE:
        farend_link_end(peer, link, &link->stats.closed_by_us);
        return true;
    case FAREND_REFUSE:
        refuse(peer, link, ns);
        return true;
    case FAREND_DROP:
        link->drop = amount;
        return true;
    case FAREND_DOUBLE:
        link->twice = amount;
        return true;
    case FAREND_EXCHANGE:
        exchange(link, amount);
        return true;
    case FAREND_WIRE:
        link->only_v1 = amount == 1;
        return true;
    case FAREND_GARBAGE:
        link->garbage = amount;
        return direction == FAREND_INPUT;
    case FAREND_BAD_LENGTH:
        link->bad_length = true;
        link->bad_bytes = (uint16_t)amount;
        return direction == FAREND_INPUT;
    case FAREND_CUT_OFF:
    default:
        link->cut_off = true;
        return direction == FAREND_INPUT;
    }
}

void farend_link_pass(struct farend_peer *peer, struct farend_link *link,
                      const struct farend_packet *packet,
                      void (*arrive)(struct farend_peer *peer,
                                     const struct farend_packet *packet)) {
    if (link->drop > 0) {
        link->drop--;
        link->stats.lost_on_purpose++;
        return;
    }
    if (link->exchange > 0 && !link->has_waiting) {
        link->has_waiting = true;
        link->waiting = *packet;
        return;
    }
    arrive(peer, packet);
    if (link->has_waiting) {
        link->has_waiting = false;
        link->exchange--;
        link->stats.reordered++;
        arrive(peer, &link->waiting);
    }
    if (link->twice > 0) {
        link->twice--;
        link->stats.repeated++;
        arrive(peer, packet);
    }
}

#else
typedef int farend_peer_faults_is_not_empty; /* ISO C wants something in each file */
#endif
