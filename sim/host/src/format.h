/* format.h - linear PCM between the canonical Float32 and a stream's own format.
 *
 * Handles packed and aligned-high signed integers of 8 to 32 bits and floats of 32 and 64 bits,
 * both byte orders, interleaved. Conversion to integers rounds to nearest (ties to even) and clips.
 */
#ifndef HALSIM_FORMAT_H
#define HALSIM_FORMAT_H

#include <CoreAudio/AudioServerPlugIn.h>
#include <stdbool.h>
#include <stdint.h>

/* Float32, native endian, packed, interleaved: no conversion is needed. */
bool halsim_format_is_canonical(const AudioStreamBasicDescription *format);
/* True when the two functions below can handle it. */
bool halsim_format_is_supported(const AudioStreamBasicDescription *format);
/* "48000 Hz, 2 ch, Float32" */
void halsim_format_text(const AudioStreamBasicDescription *format, char *text, size_t size);

void halsim_format_from_canonical(const AudioStreamBasicDescription *format, const float *from,
                                  void *to, uint32_t samples);
void halsim_format_to_canonical(const AudioStreamBasicDescription *format, const void *from,
                                float *to, uint32_t samples);

#endif
