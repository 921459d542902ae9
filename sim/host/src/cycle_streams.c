/* The order of the operations is the documented one; only those that the driver said it will do are
 * called. Operations on the whole device carry the host's client ID 0, operations of one client its
 * own: which of the two coreaudiod does where is told in docs/fidelity.md.
 */
#include "cycle.h"
#include "format.h"
#include <string.h>

/* Each client reads the device for itself, as the clients of coreaudiod do. */
static void run_input(struct cycle *cycle, struct halsim_client *client) {
    struct halsim_device *device = cycle->device;
    uint32_t count = device->input_count;
    if (!client->will.will_do[HALSIM_OP_READ_INPUT]) {
        for (uint32_t i = 0; i < count; i++) {
            memset(device->buffers[i].mix, 0, device->buffers[i].bytes);
        }
    }
    halsim_cycle_operate(cycle, &client->will, client->id, HALSIM_OP_READ_INPUT, 0, count);
    if (client->will.will_do[HALSIM_OP_CONVERT_INPUT]) {
        halsim_cycle_operate(cycle, &client->will, client->id, HALSIM_OP_CONVERT_INPUT, 0, count);
    } else {
        for (uint32_t i = 0; i < count; i++) {
            const AudioStreamBasicDescription *format = &device->info.streams[i].physical_format;
            struct halsim_stream_buffers *buffers = &device->buffers[i];
            if (!halsim_format_is_canonical(format)) {
                halsim_format_to_canonical(format, buffers->mix, buffers->spare,
                                           cycle->frames * format->mChannelsPerFrame);
                halsim_buffers_swap(buffers);
            }
        }
    }
    halsim_cycle_operate(cycle, &client->will, client->id, HALSIM_OP_PROCESS_INPUT, 0, count);
    for (uint32_t i = 0; i < count; i++) {
        struct halsim_sink *sink = client->sinks[i];
        if (sink != NULL) {
            cycle->host_ticks += lap(cycle);
            sink->take(sink, device->buffers[i].mix, cycle->frames,
                       device->info.streams[i].virtual_format.mChannelsPerFrame, client->position);
            cycle->signal_ticks += lap(cycle);
        }
    }
}

static void render(struct cycle *cycle, struct halsim_client *client, uint32_t output,
                   uint32_t channels, float *block) {
    cycle->host_ticks += lap(cycle);
    client->sources[output]->render(client->sources[output], block, cycle->frames, channels,
                                    client->position);
    cycle->signal_ticks += lap(cycle);
}

static void add(float *restrict sum, const float *restrict block, uint32_t samples) {
    for (uint32_t i = 0; i < samples; i++) {
        sum[i] += block[i];
    }
}

/* Renders what one client plays into every output stream. The first client's block is the mix;
 * later ones are rendered into `spare` and added, unless the driver mixes them itself. */
static bool run_client_output(struct cycle *cycle, struct halsim_client *client, bool first) {
    struct halsim_device *device = cycle->device;
    const struct halsim_will_do *will = &client->will;
    bool mixes_itself = will->will_do[HALSIM_OP_MIX_OUTPUT];
    uint32_t base = device->input_count;
    for (uint32_t output = 0; output < device->output_count; output++) {
        struct halsim_stream_buffers *buffers = &device->buffers[base + output];
        const struct halsim_stream_info *stream = &device->info.streams[base + output];
        uint32_t channels = stream->virtual_format.mChannelsPerFrame;
        uint32_t samples = cycle->frames * channels;
        bool into_mix = first && !mixes_itself && !will->will_do[HALSIM_OP_PROCESS_OUTPUT];
        float *block = into_mix ? buffers->mix : buffers->spare;
        if (client->sources[output] == NULL) {
            if (first) {
                memset(buffers->mix, 0, samples * sizeof(float));
            }
            continue;
        }
        render(cycle, client, output, channels, block);
        if (will->will_do[HALSIM_OP_PROCESS_OUTPUT]) {
            cycle->host_ticks += lap(cycle);
            halsim_cycle_begin_operation(cycle, client->id, HALSIM_OP_PROCESS_OUTPUT);
            /* In place even for a driver that would rather not: a third buffer would be needed, and
             * the interface allows to be given the same buffer twice. */
            (void)halsim_cycle_do_operation(
                cycle, stream->id, client->id, HALSIM_OP_PROCESS_OUTPUT, block,
                will->in_place[HALSIM_OP_PROCESS_OUTPUT] ? NULL : block);
            halsim_cycle_end_operation(cycle, client->id, HALSIM_OP_PROCESS_OUTPUT);
            cycle->driver_ticks[HALSIM_OP_PROCESS_OUTPUT] += lap(cycle);
        }
        if (mixes_itself) {
            cycle->host_ticks += lap(cycle);
            halsim_cycle_begin_operation(cycle, client->id, HALSIM_OP_MIX_OUTPUT);
            (void)halsim_cycle_do_operation(cycle, stream->id, client->id, HALSIM_OP_MIX_OUTPUT,
                                            block, NULL);
            halsim_cycle_end_operation(cycle, client->id, HALSIM_OP_MIX_OUTPUT);
            cycle->driver_ticks[HALSIM_OP_MIX_OUTPUT] += lap(cycle);
        } else if (!into_mix && first) {
            memcpy(buffers->mix, block, samples * sizeof(float));
        } else if (!into_mix) {
            add(buffers->mix, block, samples);
        }
    }
    return !mixes_itself;
}

static void clear_mix(struct cycle *cycle) {
    struct halsim_device *device = cycle->device;
    for (uint32_t i = device->input_count; i < device->info.stream_count; i++) {
        memset(device->buffers[i].mix, 0, device->buffers[i].bytes);
    }
}

static void run_device_output(struct cycle *cycle) {
    struct halsim_device *device = cycle->device;
    uint32_t base = device->input_count;
    uint32_t count = device->output_count;
    uint32_t host = kAudioServerPlugInHostClientID;
    halsim_cycle_operate(cycle, &device->will, host, HALSIM_OP_PROCESS_MIX, base, count);
    if (device->will.will_do[HALSIM_OP_CONVERT_MIX]) {
        halsim_cycle_operate(cycle, &device->will, host, HALSIM_OP_CONVERT_MIX, base, count);
    } else {
        for (uint32_t i = base; i < base + count; i++) {
            const AudioStreamBasicDescription *format = &device->info.streams[i].physical_format;
            struct halsim_stream_buffers *buffers = &device->buffers[i];
            if (!halsim_format_is_canonical(format)) {
                halsim_format_from_canonical(format, buffers->mix, buffers->spare,
                                             cycle->frames * format->mChannelsPerFrame);
                halsim_buffers_swap(buffers);
            }
        }
    }
    halsim_cycle_operate(cycle, &device->will, host, HALSIM_OP_WRITE_MIX, base, count);
}

void halsim_cycle_run_streams(struct cycle *cycle) {
    struct halsim_device *device = cycle->device;
    bool host_mixes = false;
    for (uint32_t i = 0; i < device->client_count; i++) {
        struct halsim_client *client = device->clients[i];
        if (!client->in_cycle) {
            continue;
        }
        cycle->clients++;
        if (device->input_count > 0) {
            run_input(cycle, client);
        }
    }
    for (uint32_t i = 0; i < device->client_count; i++) {
        struct halsim_client *client = device->clients[i];
        if (!client->in_cycle) {
            continue;
        }
        if (device->output_count > 0) {
            host_mixes |= run_client_output(cycle, client, !host_mixes);
        }
        client->position += cycle->frames;
    }
    if (device->output_count > 0) {
        if (!host_mixes) {
            clear_mix(cycle);
        }
        run_device_output(cycle);
    }
}
