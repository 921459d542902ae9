/* rings.c - the contestants that this build has. */
#include "rings.h"

const struct ring_kind *const ring_kinds[] = {
    &ring_memcpy_hot, &ring_memcpy_ring, &ring_gecko_v2, &ring_gecko_v1,
#ifdef BENCH_HAVE_JACK
    &ring_jack,
#endif
#ifdef BENCH_HAVE_PORTAUDIO
    &ring_portaudio,
#endif
};

const unsigned ring_kind_count = sizeof ring_kinds / sizeof ring_kinds[0];
