/* json_clock.h - clock models from JSON. */
#ifndef HALRPC_JSON_CLOCK_H
#define HALRPC_JSON_CLOCK_H

#include "halsim/clock_model.h"
#include "json_params.h"

/* "model": a list of components; an empty one is a perfect clock. */
bool params_to_clock_model(const struct params *params, struct halsim_clock_model *model);

#endif
