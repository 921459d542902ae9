/* json_params.c - reading parameters. */
#include "json_params.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A value as a message shows it: short, on one line. */
static void describe(yyjson_val *value, char *text, size_t size) {
    if (value == NULL) {
        snprintf(text, size, "missing");
        return;
    }
    size_t length = 0;
    char *json = yyjson_val_write_opts(value, YYJSON_WRITE_NOFLAG, NULL, &length, NULL);
    const size_t longest = 40;
    if (json == NULL) {
        snprintf(text, size, "of another type");
    } else if (length <= longest) {
        snprintf(text, size, "%s", json);
    } else if (yyjson_is_ctn(value)) {
        snprintf(text, size, "%s", yyjson_is_arr(value) ? "an array" : "an object");
    } else {
        size_t cut = longest;
        while (cut > 0 && ((unsigned char)json[cut] & 0xC0) == 0x80) {
            cut--; /* not in the middle of a UTF-8 sequence */
        }
        snprintf(text, size, "%.*s...", (int)cut, json);
    }
    free(json);
}

bool params_fail(const struct params *params, const char *name, const char *format, ...) {
    char what[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    char is[96];
    describe(params->object != NULL ? yyjson_obj_get(params->object, name) : NULL, is, sizeof is);
    return rpc_fail(params->failure, RPC_PARAMETERS, "%s: parameter \"%s%s\" %s, it is %s",
                    params->where, params->prefix, name, what, is);
}

static bool list_contains(const char *list, const char *name, size_t length) {
    for (const char *at = list; *at != '\0';) {
        size_t word = strcspn(at, " ");
        if (word == length && memcmp(at, name, length) == 0) {
            return true;
        }
        at += word;
        at += *at == ' ';
    }
    return false;
}

bool params_check_names(const struct params *params, const char *allowed) {
    if (params->object == NULL) {
        return true;
    }
    yyjson_obj_iter iterator = yyjson_obj_iter_with(params->object);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&iterator)) != NULL;) {
        if (!list_contains(allowed, yyjson_get_str(key), yyjson_get_len(key))) {
            return rpc_fail(params->failure, RPC_PARAMETERS,
                            "%s: unknown parameter \"%s%.40s\"; it takes %s", params->where,
                            params->prefix, yyjson_get_str(key),
                            *allowed != '\0' ? allowed : "none");
        }
    }
    return true;
}

yyjson_val *params_get(const struct params *params, const char *name) {
    yyjson_val *value = params->object != NULL ? yyjson_obj_get(params->object, name) : NULL;
    return yyjson_is_null(value) ? NULL : value;
}

/* Whether there is a value to look at; *ok is what to return when there is none. */
static bool present(const struct params *params, const char *name, enum param_presence presence,
                    const char *kind, yyjson_val **value, bool *ok) {
    *value = params_get(params, name);
    *ok = true;
    if (*value != NULL) {
        return true;
    }
    if (presence == PARAM_REQUIRED) {
        *ok = params_fail(params, name, "must be %s", kind);
    }
    return false;
}

bool params_u64(const struct params *params, const char *name, enum param_presence presence,
                uint64_t low, uint64_t high, uint64_t *value) {
    char kind[80];
    snprintf(kind, sizeof kind, "a whole number from %llu to %llu", (unsigned long long)low,
             (unsigned long long)high);
    yyjson_val *json;
    bool ok;
    if (!present(params, name, presence, kind, &json, &ok)) {
        return ok;
    }
    if (!yyjson_is_uint(json) || yyjson_get_uint(json) < low || yyjson_get_uint(json) > high) {
        return params_fail(params, name, "must be %s", kind);
    }
    *value = yyjson_get_uint(json);
    return true;
}

bool params_u32(const struct params *params, const char *name, enum param_presence presence,
                uint32_t low, uint32_t high, uint32_t *value) {
    uint64_t wide = *value;
    if (!params_u64(params, name, presence, low, high, &wide)) {
        return false;
    }
    *value = (uint32_t)wide;
    return true;
}

bool params_i32(const struct params *params, const char *name, enum param_presence presence,
                int32_t low, int32_t high, int32_t *value) {
    char kind[80];
    snprintf(kind, sizeof kind, "a whole number from %d to %d", low, high);
    yyjson_val *json;
    bool ok;
    if (!present(params, name, presence, kind, &json, &ok)) {
        return ok;
    }
    bool fits = yyjson_is_uint(json) ? yyjson_get_uint(json) <= INT32_MAX : yyjson_is_sint(json);
    int64_t wide = fits ? yyjson_get_sint(json) : 0;
    if (!fits || wide < low || wide > high) {
        return params_fail(params, name, "must be %s", kind);
    }
    *value = (int32_t)wide;
    return true;
}

bool params_f64(const struct params *params, const char *name, enum param_presence presence,
                double low, double high, double *value) {
    char kind[80];
    snprintf(kind, sizeof kind, "a number from %g to %g", low, high);
    yyjson_val *json;
    bool ok;
    if (!present(params, name, presence, kind, &json, &ok)) {
        return ok;
    }
    double number = yyjson_get_num(json);
    if (!yyjson_is_num(json) || !isfinite(number) || number < low || number > high) {
        return params_fail(params, name, "must be %s", kind);
    }
    *value = number;
    return true;
}

bool params_bool(const struct params *params, const char *name, enum param_presence presence,
                 bool *value) {
    yyjson_val *json;
    bool ok;
    if (!present(params, name, presence, "true or false", &json, &ok)) {
        return ok;
    }
    if (!yyjson_is_bool(json)) {
        return params_fail(params, name, "must be true or false");
    }
    *value = yyjson_get_bool(json);
    return true;
}

bool params_string(const struct params *params, const char *name, enum param_presence presence,
                   const char **value) {
    yyjson_val *json;
    bool ok;
    if (!present(params, name, presence, "a string", &json, &ok)) {
        return ok;
    }
    if (!yyjson_is_str(json) || yyjson_get_len(json) == 0) {
        return params_fail(params, name, "must be a string that is not empty");
    }
    if (strlen(yyjson_get_str(json)) != yyjson_get_len(json)) {
        return params_fail(params, name, "must not contain a NUL character");
    }
    *value = yyjson_get_str(json);
    return true;
}

bool params_choice(const struct params *params, const char *name, enum param_presence presence,
                   const char *choices, uint32_t *index) {
    char kind[160];
    snprintf(kind, sizeof kind, "one of: %s", choices);
    yyjson_val *json;
    bool ok;
    if (!present(params, name, presence, kind, &json, &ok)) {
        return ok;
    }
    uint32_t place = 0;
    for (const char *at = choices; yyjson_is_str(json) && *at != '\0'; place++) {
        size_t word = strcspn(at, " ");
        if (word == yyjson_get_len(json) && memcmp(at, yyjson_get_str(json), word) == 0) {
            *index = place;
            return true;
        }
        at += word;
        at += *at == ' ';
    }
    return params_fail(params, name, "must be %s", kind);
}

bool json_fourcc(yyjson_val *value, uint32_t *code) {
    if (yyjson_is_uint(value) && yyjson_get_uint(value) <= UINT32_MAX) {
        *code = (uint32_t)yyjson_get_uint(value);
        return true;
    }
    if (!yyjson_is_str(value) || yyjson_get_len(value) != 4) {
        return false;
    }
    const unsigned char *text = (const unsigned char *)yyjson_get_str(value);
    *code = (uint32_t)text[0] << 24 | (uint32_t)text[1] << 16 | (uint32_t)text[2] << 8 | text[3];
    return true;
}

bool params_fourcc(const struct params *params, const char *name, enum param_presence presence,
                   uint32_t *value) {
    yyjson_val *json;
    bool ok;
    if (!present(params, name, presence, "a four-character code", &json, &ok)) {
        return ok;
    }
    if (!json_fourcc(json, value)) {
        return params_fail(params, name, "must be a four-character code such as \"nsrt\"");
    }
    return true;
}

bool params_object(const struct params *params, const char *name, enum param_presence presence,
                   const char *prefix, struct params *inner) {
    *inner = (struct params){.where = params->where, .prefix = prefix, .failure = params->failure};
    yyjson_val *json;
    bool ok;
    if (!present(params, name, presence, "an object", &json, &ok)) {
        return ok;
    }
    if (!yyjson_is_obj(json)) {
        return params_fail(params, name, "must be an object");
    }
    inner->object = json;
    return true;
}
