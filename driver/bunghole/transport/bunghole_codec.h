/* bunghole_codec.h - Opus as Bunghole uses it: 48 kHz, two channels, 20 ms. One thread at a time.
 */
#ifndef BUNGHOLE_CODEC_H
#define BUNGHOLE_CODEC_H

#include <stddef.h>
#include <stdint.h>

#define BUNGHOLE_PACKET_FRAMES 960u
#define BUNGHOLE_DECODE_MAX    2880u /* 60 ms: the longest packet that is accepted */
#define BUNGHOLE_LOOK_AHEAD    312u  /* frames that the encoder holds back, 6.5 ms */

struct bunghole_encoder;
struct bunghole_decoder;

/* NULL when there is no memory. `bitrate` in bit/s. */
struct bunghole_encoder *bunghole_encoder_create(uint32_t bitrate);
void bunghole_encoder_destroy(struct bunghole_encoder *encoder);
/* Forgets what it has heard. */
void bunghole_encoder_reset(struct bunghole_encoder *encoder);
/* One packet of 960 frames; returns its size, 0 when the encoder fails. */
size_t bunghole_encode(struct bunghole_encoder *encoder, const int16_t *audio, uint8_t *packet,
                       size_t room);

struct bunghole_decoder *bunghole_decoder_create(void);
void bunghole_decoder_destroy(struct bunghole_decoder *decoder);
void bunghole_decoder_reset(struct bunghole_decoder *decoder);
/* `audio` has room for BUNGHOLE_DECODE_MAX frames. Returns frames, 0 for what is no packet or one
 * that is too long. */
uint32_t bunghole_decode(struct bunghole_decoder *decoder, const uint8_t *packet, size_t size,
                         float *audio);
/* What may have been in a lost packet of `frames`, a multiple of 120 up to 960. */
uint32_t bunghole_conceal(struct bunghole_decoder *decoder, uint32_t frames, float *audio);

/* int16 = trunc(clamp(x) * 32767), as the original; what is not a number is silence. */
void bunghole_to_int16(const float *audio, size_t samples, int16_t *to);

#endif
