/* A device's clock as a user of the host sees it: models for it, and what its timestamps were like.
 */
#include "host_internal.h"

static bool check(const struct halsim_host *host, const struct halsim_clock_model *model,
                  struct halsim_error *error) {
    if (host->clock->kind != HALSIM_CLOCK_VIRTUAL) {
        return halsim_fail(error, HALSIM_ERROR_STATE,
                           "clock model: real time has the clocks that it has; use virtual time");
    }
    return halsim_clock_model_check(model, error);
}

bool halsim_device_set_clock_model(struct halsim_host *host, uint32_t index,
                                   const struct halsim_clock_model *model,
                                   struct halsim_error *error) {
    pthread_mutex_lock(&host->control);
    struct halsim_device *device = halsim_device_at(host, index, error);
    bool ok = device != NULL && check(host, model, error);
    if (ok) {
        halsim_device_lock(device);
        halsim_device_phase_set_own(&device->phase, model);
        halsim_device_unlock(device);
    }
    pthread_mutex_unlock(&host->control);
    return ok;
}

bool halsim_host_set_clock_model(struct halsim_host *host, const struct halsim_clock_model *model,
                                 struct halsim_error *error) {
    pthread_mutex_lock(&host->control);
    bool ok = check(host, model, error);
    if (ok) {
        host->clock_model = *model;
        host->clock_model_begin_ns = halsim_clock_now_ns(host->clock);
    }
    for (uint32_t i = 0; i < host->device_count && ok; i++) {
        struct halsim_device *device = host->devices[i];
        halsim_device_lock(device);
        halsim_device_phase_set_host(&device->phase, model, host->clock_model_begin_ns);
        halsim_device_unlock(device);
    }
    pthread_mutex_unlock(&host->control);
    return ok;
}

bool halsim_device_timestamps(struct halsim_host *host, uint32_t index,
                              struct halsim_timestamp_report *report, struct halsim_error *error) {
    pthread_mutex_lock(&host->control);
    struct halsim_device *device = halsim_device_at(host, index, error);
    if (device != NULL) {
        halsim_device_lock(device);
        halsim_oracle_report(&device->oracle, report);
        halsim_device_unlock(device);
    }
    pthread_mutex_unlock(&host->control);
    return device != NULL;
}

bool halsim_device_forget_timestamps(struct halsim_host *host, uint32_t index,
                                     struct halsim_error *error) {
    pthread_mutex_lock(&host->control);
    struct halsim_device *device = halsim_device_at(host, index, error);
    if (device != NULL) {
        halsim_device_lock(device);
        halsim_oracle_forget(&device->oracle);
        halsim_device_unlock(device);
    }
    pthread_mutex_unlock(&host->control);
    return device != NULL;
}
