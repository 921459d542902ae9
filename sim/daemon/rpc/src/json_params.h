/* json_params.h - named parameters, with types and ranges checked and said in words.
 *
 * A failed check fills `failure` with RPC_PARAMETERS and a line such as
 *     client.add: parameter "device" must be a number from 0 to 63, it is "x"
 * and returns false. An optional parameter that is absent or null leaves *value alone.
 */
#ifndef HALRPC_JSON_PARAMS_H
#define HALRPC_JSON_PARAMS_H

#include "failure.h"

enum param_presence {
    PARAM_REQUIRED,
    PARAM_OPTIONAL,
};

struct params {
    yyjson_val *object; /* NULL: no parameters were given */
    const char *where;  /* the method */
    const char *prefix; /* of parameter names in messages: "" or, inside an object, "source." */
    struct rpc_failure *failure;
};

/* RPC_PARAMETERS: `where: parameter "<prefix><name>" <text>, it is <value>`. Returns false. */
bool params_fail(const struct params *params, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Fails when there is a parameter outside `allowed`, a list with single spaces. */
bool params_check_names(const struct params *params, const char *allowed);

/* NULL when absent or null. */
yyjson_val *params_get(const struct params *params, const char *name);

bool params_u64(const struct params *params, const char *name, enum param_presence presence,
                uint64_t low, uint64_t high, uint64_t *value);
bool params_u32(const struct params *params, const char *name, enum param_presence presence,
                uint32_t low, uint32_t high, uint32_t *value);
bool params_i32(const struct params *params, const char *name, enum param_presence presence,
                int32_t low, int32_t high, int32_t *value);
/* Finite numbers only. */
bool params_f64(const struct params *params, const char *name, enum param_presence presence,
                double low, double high, double *value);
bool params_bool(const struct params *params, const char *name, enum param_presence presence,
                 bool *value);
/* Not empty, without NUL. Lives as long as the request. */
bool params_string(const struct params *params, const char *name, enum param_presence presence,
                   const char **value);
/* A string that is one of `choices` (a list with single spaces); *index is its place. */
bool params_choice(const struct params *params, const char *name, enum param_presence presence,
                   const char *choices, uint32_t *index);
/* "glob" or a number. */
bool params_fourcc(const struct params *params, const char *name, enum param_presence presence,
                   uint32_t *value);
/* A nested object; `inner` shares `where` and `failure`. `prefix` must end in a dot. inner->object
 * is NULL when an optional one is absent. */
bool params_object(const struct params *params, const char *name, enum param_presence presence,
                   const char *prefix, struct params *inner);

/* Four characters, or a number: false when it is neither. */
bool json_fourcc(yyjson_val *value, uint32_t *code);

#endif
