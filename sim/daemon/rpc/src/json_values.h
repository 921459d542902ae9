/* json_values.h - the structures of Core Audio as JSON, and back. */
#ifndef HALRPC_JSON_VALUES_H
#define HALRPC_JSON_VALUES_H

#include "json_params.h"
#include <CoreAudio/AudioServerPlugIn.h>

/* JSON has no NaN and no infinity: those become the strings "nan", "inf" and "-inf". */
yyjson_mut_val *json_real(yyjson_mut_doc *doc, double value);
/* A string when all four bytes print, else the number. */
yyjson_mut_val *json_from_fourcc(yyjson_mut_doc *doc, uint32_t code);
/* Text from a driver or the file system: bytes that are not UTF-8 become U+FFFD. NULL becomes null.
 */
yyjson_mut_val *json_text(yyjson_mut_doc *doc, const char *text);

yyjson_mut_val *json_from_range(yyjson_mut_doc *doc, const AudioValueRange *range);
yyjson_mut_val *json_from_format(yyjson_mut_doc *doc, const AudioStreamBasicDescription *format);
yyjson_mut_val *json_from_ranged_format(yyjson_mut_doc *doc,
                                        const AudioStreamRangedDescription *format);
/* `size` bytes at `layout`; NULL when the count of descriptions does not fit into them. */
yyjson_mut_val *json_from_layout(yyjson_mut_doc *doc, const AudioChannelLayout *layout,
                                 uint32_t size);

/* What can be derived may be left out: rpc.md, "format". */
bool params_to_format(const struct params *params, AudioStreamBasicDescription *format);
/* [low, high]; false without a message. */
bool json_to_range(yyjson_val *value, AudioValueRange *range);
/* Allocates; free(). NULL on failure, which is said. */
AudioChannelLayout *params_to_layout(const struct params *params, uint32_t *size);

#endif
