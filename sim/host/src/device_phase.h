/* device_phase.h - where clock models move a device's zero timestamps to. Internal to sim/host.
 *
 * The driver's own host times are left as they are everywhere but in the host's estimate of the
 * device's clock. The device's model begins with the first zero timestamp of IO, or with the next
 * one after it was set; the host's with the moment in which it was set, for all devices the same.
 * What a model has moved so far stays when it is replaced, until IO stops; a new time line of the
 * driver begins unmoved.
 */
#ifndef HALSIM_DEVICE_PHASE_H
#define HALSIM_DEVICE_PHASE_H

#include "halsim/clock_model.h"

struct halsim_device_phase {
    struct halsim_clock_phase own;  /* fast is earlier */
    struct halsim_clock_phase host; /* fast is later */
    uint64_t host_begin_ns;
    bool works; /* there is a model, or something is still moved */
    bool begun; /* `own_begin_ns` is known */
    uint64_t own_begin_ns;
    int64_t constant_ns;
    int64_t moved_ns; /* the last one: later than the driver said */
};

/* IO begins: nothing is moved yet. */
void halsim_device_phase_begin(struct halsim_device_phase *phase);
/* From the next zero timestamp on. */
void halsim_device_phase_set_own(struct halsim_device_phase *phase,
                                 const struct halsim_clock_model *model);
void halsim_device_phase_set_host(struct halsim_device_phase *phase,
                                  const struct halsim_clock_model *model, uint64_t now_ns);
/* Host time of a zero timestamp as the host is to see it. */
uint64_t halsim_device_phase_move(struct halsim_device_phase *phase, uint64_t host_ns,
                                  bool new_time_line);

#endif
