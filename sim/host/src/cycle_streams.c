/* The order of the operations is the documented one; only those that the driver said it will do are
 * called. Operations on the whole device carry the host's client ID 0, operations of one client its
 * own: which of the two coreaudiod does where is told in docs/fidelity.md.
 */
#include "cycle.h"
#include "format.h"
#include <string.h>

static uint32_t samples_of(const struct cycle *cycle, const struct halsim_stream_info *stream) {
    return cycle->frames * stream->virtual_format.mChannelsPerFrame;
}

static void observe_sink(const struct cycle *cycle, const struct halsim_client *client,
                         const struct halsim_stream_info *stream, const float *block) {
    const struct halsim_device *device = cycle->device;
    struct halsim_fingerprint *fingerprint = halsim_fingerprint_of(device->plugin);
    if (__builtin_expect(fingerprint != NULL, 0)) {
        size_t bytes = samples_of(cycle, stream) * sizeof *block;
        struct halsim_observation seen = {
            .kind = HALSIM_OBSERVED_SINK,
            .plugin = (uint16_t)device->plugin->index,
            .object = device->object.id,
            .client = client->id,
            .detail = stream->id,
            .data = halsim_observe_block(fingerprint, block, bytes),
            .values = {bytes},
        };
        halsim_observe(fingerprint, &seen);
        halsim_observe_content(fingerprint, &seen, block, bytes);
    }
}

/* Each client reads the device for itself, as the clients of coreaudiod do. */
static void run_input(struct cycle *cycle, struct halsim_client *client) {
    struct halsim_device *device = cycle->device;
    struct halsim_stream_buffers *buffers = device->buffers;
    const struct halsim_stream_info *streams = device->info.streams;
    uint32_t count = device->input_count;
    if (!client->will.will_do[HALSIM_OP_READ_INPUT]) {
        for (uint32_t i = 0; i < count; i++) {
            memset(buffers[i].mix, 0, buffers[i].bytes);
        }
    }
    halsim_cycle_operate(cycle, &client->will, client->id, HALSIM_OP_READ_INPUT, streams, buffers,
                         count);
    if (client->will.will_do[HALSIM_OP_CONVERT_INPUT]) {
        halsim_cycle_operate(cycle, &client->will, client->id, HALSIM_OP_CONVERT_INPUT, streams,
                             buffers, count);
    } else {
        for (uint32_t i = 0; i < count; i++) {
            const AudioStreamBasicDescription *format = &streams[i].physical_format;
            if (!halsim_format_is_canonical(format)) {
                halsim_format_to_canonical(format, buffers[i].mix, buffers[i].spare,
                                           cycle->frames * format->mChannelsPerFrame);
                halsim_buffers_swap(&buffers[i]);
            }
        }
    }
    halsim_cycle_operate(cycle, &client->will, client->id, HALSIM_OP_PROCESS_INPUT, streams,
                         buffers, count);
    for (uint32_t i = 0; i < count; i++) {
        struct halsim_sink *sink = client->sinks[i];
        if (sink != NULL) {
            observe_sink(cycle, client, &streams[i], buffers[i].mix);
            cycle->host_ticks += lap(cycle);
            sink->take(sink, buffers[i].mix, cycle->frames,
                       streams[i].virtual_format.mChannelsPerFrame,
                       client->position - client->sink_from[i]);
            cycle->signal_ticks += lap(cycle);
        }
    }
}

static void render(struct cycle *cycle, struct halsim_client *client, uint32_t output,
                   const struct halsim_stream_info *stream, float *block) {
    struct halsim_source *source = client->sources[output];
    if (source == NULL) {
        memset(block, 0, samples_of(cycle, stream) * sizeof *block);
        return;
    }
    cycle->host_ticks += lap(cycle);
    source->render(source, block, cycle->frames, stream->virtual_format.mChannelsPerFrame,
                   client->position - client->source_from[output]);
    cycle->signal_ticks += lap(cycle);
}

static void add(float *restrict sum, const float *restrict block, uint32_t samples) {
    for (uint32_t i = 0; i < samples; i++) {
        sum[i] += block[i];
    }
}

static bool plays(const struct halsim_client *client, uint32_t output_count) {
    for (uint32_t output = 0; output < output_count; output++) {
        if (client->sources[output] != NULL) {
            return true;
        }
    }
    return false;
}

/* What one client plays: rendered for every output stream, then handed from operation to operation.
 * The first client's blocks are the mix, later ones are added to it, unless the driver mixes them
 * itself. A client that plays into one stream is silent in the others. */
static void run_client_output(struct cycle *cycle, struct halsim_client *client, bool is_first) {
    struct halsim_device *device = cycle->device;
    const struct halsim_will_do *will = &client->will;
    const struct halsim_stream_info *streams = &device->info.streams[device->input_count];
    struct halsim_stream_buffers *mixes = &device->buffers[device->input_count];
    bool into_mix = is_first && !will->will_do[HALSIM_OP_MIX_OUTPUT];
    struct halsim_stream_buffers *blocks = into_mix ? mixes : device->blocks;
    uint32_t count = device->output_count;
    for (uint32_t i = 0; i < count; i++) {
        render(cycle, client, i, &streams[i], blocks[i].mix);
    }
    halsim_cycle_operate(cycle, will, client->id, HALSIM_OP_PROCESS_OUTPUT, streams, blocks, count);
    halsim_cycle_operate(cycle, will, client->id, HALSIM_OP_MIX_OUTPUT, streams, blocks, count);
    if (will->will_do[HALSIM_OP_MIX_OUTPUT] || into_mix) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        add(mixes[i].mix, blocks[i].mix, samples_of(cycle, &streams[i]));
    }
}

static void clear_mix(struct cycle *cycle) {
    struct halsim_device *device = cycle->device;
    for (uint32_t i = device->input_count; i < device->info.stream_count; i++) {
        memset(device->buffers[i].mix, 0, device->buffers[i].bytes);
    }
}

static void run_device_output(struct cycle *cycle) {
    struct halsim_device *device = cycle->device;
    const struct halsim_stream_info *streams = &device->info.streams[device->input_count];
    struct halsim_stream_buffers *mixes = &device->buffers[device->input_count];
    uint32_t count = device->output_count;
    uint32_t host = kAudioServerPlugInHostClientID;
    halsim_cycle_operate(cycle, &device->will, host, HALSIM_OP_PROCESS_MIX, streams, mixes, count);
    if (device->will.will_do[HALSIM_OP_CONVERT_MIX]) {
        halsim_cycle_operate(cycle, &device->will, host, HALSIM_OP_CONVERT_MIX, streams, mixes,
                             count);
    } else {
        for (uint32_t i = 0; i < count; i++) {
            const AudioStreamBasicDescription *format = &streams[i].physical_format;
            if (!halsim_format_is_canonical(format)) {
                halsim_format_from_canonical(format, mixes[i].mix, mixes[i].spare,
                                             cycle->frames * format->mChannelsPerFrame);
                halsim_buffers_swap(&mixes[i]);
            }
        }
    }
    halsim_cycle_operate(cycle, &device->will, host, HALSIM_OP_WRITE_MIX, streams, mixes, count);
}

void halsim_cycle_run_streams(struct cycle *cycle) {
    struct halsim_device *device = cycle->device;
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
    bool has_mix = false;
    uint32_t ended = 0;
    for (uint32_t i = 0; i < device->client_count; i++) {
        struct halsim_client *client = device->clients[i];
        if (!client->in_cycle) {
            continue;
        }
        bool mixed_by_driver = client->will.will_do[HALSIM_OP_MIX_OUTPUT];
        ended += mixed_by_driver ? 1 : 0;
        if (plays(client, device->output_count)) {
            run_client_output(cycle, client, !has_mix);
            has_mix |= !mixed_by_driver;
        }
        client->position += cycle->frames;
    }
    /* MixOutput ends a client's output for the cycle: when all went that way, there is no mix. */
    if (device->output_count > 0 && (ended == 0 || ended < cycle->clients)) {
        if (!has_mix) {
            clear_mix(cycle);
        }
        run_device_output(cycle);
    }
}
