/* bunghole_codec.c */
#include "bunghole_codec.h"
#include <opus.h>
#include <stdlib.h>

#define RATE     48000
#define CHANNELS 2

/* libopus asks for no more than memory of its size: one type of ours, so that callers need no
 * opus.h. */
struct bunghole_encoder {
    OpusEncoder *opus;
};

struct bunghole_decoder {
    OpusDecoder *opus;
};

struct bunghole_encoder *bunghole_encoder_create(uint32_t bitrate) {
    struct bunghole_encoder *encoder = calloc(1, sizeof *encoder);
    int error = OPUS_ALLOC_FAIL;
    if (encoder != NULL) {
        encoder->opus = opus_encoder_create(RATE, CHANNELS, OPUS_APPLICATION_AUDIO, &error);
    }
    if (error == OPUS_OK) {
        error = opus_encoder_ctl(encoder->opus, OPUS_SET_BITRATE((opus_int32)bitrate));
    }
    if (error != OPUS_OK) {
        bunghole_encoder_destroy(encoder);
        return NULL;
    }
    return encoder;
}

void bunghole_encoder_destroy(struct bunghole_encoder *encoder) {
    if (encoder != NULL) {
        if (encoder->opus != NULL) {
            opus_encoder_destroy(encoder->opus);
        }
        free(encoder);
    }
}

void bunghole_encoder_reset(struct bunghole_encoder *encoder) {
    (void)opus_encoder_ctl(encoder->opus, OPUS_RESET_STATE);
}

size_t bunghole_encode(struct bunghole_encoder *encoder, const int16_t *audio, uint8_t *packet,
                       size_t room) {
    opus_int32 size =
        opus_encode(encoder->opus, audio, BUNGHOLE_PACKET_FRAMES, packet, (opus_int32)room);
    return size > 0 ? (size_t)size : 0;
}

struct bunghole_decoder *bunghole_decoder_create(void) {
    struct bunghole_decoder *decoder = calloc(1, sizeof *decoder);
    int error = OPUS_ALLOC_FAIL;
    if (decoder != NULL) {
        decoder->opus = opus_decoder_create(RATE, CHANNELS, &error);
    }
    if (error != OPUS_OK) {
        bunghole_decoder_destroy(decoder);
        return NULL;
    }
    return decoder;
}

void bunghole_decoder_destroy(struct bunghole_decoder *decoder) {
    if (decoder != NULL) {
        if (decoder->opus != NULL) {
            opus_decoder_destroy(decoder->opus);
        }
        free(decoder);
    }
}

void bunghole_decoder_reset(struct bunghole_decoder *decoder) {
    (void)opus_decoder_ctl(decoder->opus, OPUS_RESET_STATE);
}

uint32_t bunghole_decode(struct bunghole_decoder *decoder, const uint8_t *packet, size_t size,
                         float *audio) {
    int frames = opus_decode_float(decoder->opus, packet, (opus_int32)size, audio,
                                   (int)BUNGHOLE_DECODE_MAX, 0);
    return frames > 0 ? (uint32_t)frames : 0;
}

uint32_t bunghole_conceal(struct bunghole_decoder *decoder, uint32_t frames, float *audio) {
    int made = opus_decode_float(decoder->opus, NULL, 0, audio, (int)frames, 0);
    return made > 0 ? (uint32_t)made : 0;
}

void bunghole_to_int16(const float *audio, size_t samples, int16_t *to) {
    for (size_t i = 0; i < samples; i++) {
        /* Written so that NaN fails both comparisons. */
        float x = audio[i] > -1.0f ? (audio[i] < 1.0f ? audio[i] : 1.0f)
                                   : (audio[i] <= -1.0f ? -1.0f : 0.0f);
        to[i] = (int16_t)(x * 32767.0f);
    }
}
