#include "device_phase.h"

void halsim_device_phase_begin(struct halsim_device_phase *phase) {
    phase->moved_ns = 0;
    phase->begun = false;
    phase->works = phase->own.model.count > 0 || phase->host.model.count > 0;
}

void halsim_device_phase_set_own(struct halsim_device_phase *phase,
                                 const struct halsim_clock_model *model) {
    halsim_clock_phase_init(&phase->own, model);
    phase->begun = false;
    phase->works = true;
}

void halsim_device_phase_set_host(struct halsim_device_phase *phase,
                                  const struct halsim_clock_model *model, uint64_t now_ns) {
    halsim_clock_phase_init(&phase->host, model);
    phase->host_begin_ns = now_ns;
    phase->begun = false;
    phase->works = true;
}

static int64_t error_at(struct halsim_clock_phase *clock, uint64_t begin_ns, uint64_t host_ns) {
    return clock->model.count == 0
               ? 0
               : halsim_clock_phase_ns(clock, host_ns > begin_ns ? host_ns - begin_ns : 0);
}

uint64_t halsim_device_phase_move(struct halsim_device_phase *phase, uint64_t host_ns,
                                  bool new_time_line) {
    if (!phase->works) {
        return host_ns;
    }
    int64_t late = error_at(&phase->host, phase->host_begin_ns, host_ns);
    if (!phase->begun) {
        phase->begun = true;
        phase->own_begin_ns = host_ns;
        phase->constant_ns = phase->moved_ns - late;
    }
    int64_t early = error_at(&phase->own, phase->own_begin_ns, host_ns);
    if (new_time_line) {
        phase->constant_ns = early - late;
    }
    phase->moved_ns = phase->constant_ns - early + late;
    if (phase->moved_ns < 0 && host_ns < (uint64_t)-phase->moved_ns) {
        return 0;
    }
    return host_ns + (uint64_t)phase->moved_ns;
}
