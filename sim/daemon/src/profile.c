/* profile.c */
#include "profile.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yyjson.h>

struct reading {
    const char *path;
    yyjson_val *values, *sources;
};

static bool refuse(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool refuse(const char *path, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "coreaudiod-sim: --profile %s: ", path);
    vfprintf(stderr, format, arguments);
    fputs("; give the flat JSON of a profile (docs/reference/profiles.md)\n", stderr);
    va_end(arguments);
    return false;
}

static void read_source(const struct reading *reading, const char *key, char *text, size_t size) {
    const char *source = yyjson_get_str(yyjson_obj_get(reading->sources, key));
    snprintf(text, size, "%s", source != NULL ? source : "");
}

static bool is_uuid(const char *text) {
    if (text == NULL || strlen(text) != HALSIM_UUID_TEXT - 1) {
        return false;
    }
    for (size_t i = 0; i < HALSIM_UUID_TEXT - 1; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : strchr("0123456789ABCDEFabcdef", text[i]) == NULL) {
            return false;
        }
    }
    return true;
}

/* A key that is absent is one that the profile does not know. */
static bool read_uuids(const struct reading *reading, const char *key,
                       struct halsim_profile_uuids *uuids) {
    yyjson_val *list = yyjson_obj_get(reading->values, key), *item;
    size_t index, count;
    if (list == NULL) {
        return true;
    }
    if (!yyjson_is_arr(list) || yyjson_arr_size(list) == 0 ||
        yyjson_arr_size(list) > HALSIM_PROFILE_UUIDS_MAX) {
        return refuse(reading->path, "%s must be a list of 1 to %d UUIDs", key,
                      HALSIM_PROFILE_UUIDS_MAX);
    }
    yyjson_arr_foreach(list, index, count, item) {
        const char *text = yyjson_get_str(item);
        if (!is_uuid(text)) {
            return refuse(reading->path, "%s: entry %zu is no UUID", key, index);
        }
        memcpy(uuids->uuids[uuids->count++], text, HALSIM_UUID_TEXT);
    }
    read_source(reading, key, uuids->source, sizeof uuids->source);
    return true;
}

static bool read_required(const struct reading *reading, struct halsim_profile *profile) {
    static const char key[] = "activation.required-properties";
    yyjson_val *list = yyjson_obj_get(reading->values, key), *item;
    size_t index, count;
    if (list == NULL) {
        return true;
    }
    if (!yyjson_is_arr(list) || yyjson_arr_size(list) > HALSIM_PROFILE_PROPERTIES_MAX) {
        return refuse(reading->path, "%s must be a list of at most %d selectors", key,
                      HALSIM_PROFILE_PROPERTIES_MAX);
    }
    yyjson_arr_foreach(list, index, count, item) {
        const char *text = yyjson_get_str(item);
        if (text == NULL || yyjson_get_len(item) != 4) {
            return refuse(reading->path, "%s: entry %zu is no selector of four characters", key,
                          index);
        }
        profile->required[profile->required_count++] =
            (uint32_t)(unsigned char)text[0] << 24 | (uint32_t)(unsigned char)text[1] << 16 |
            (uint32_t)(unsigned char)text[2] << 8 | (uint32_t)(unsigned char)text[3];
    }
    read_source(reading, key, profile->required_source, sizeof profile->required_source);
    return true;
}

static bool read_model(const struct reading *reading, struct profile *profile) {
    static const char key[] = "loading.process-model";
    yyjson_val *model = yyjson_obj_get(reading->values, key);
    profile->model = PROFILE_MODEL_UNSAID;
    if (model == NULL) {
        return true;
    }
    if (yyjson_equals_str(model, "in-coreaudiod")) {
        profile->model = PROFILE_MODEL_IN_PROCESS;
    } else if (yyjson_equals_str(model, "driver-service")) {
        profile->model = PROFILE_MODEL_HELPER;
    } else {
        return refuse(reading->path, "%s must be in-coreaudiod or driver-service", key);
    }
    return true;
}

static bool read_throttle(const struct reading *reading, struct profile *profile) {
    static const char *const keys[] = {"service.coreaudiod-throttle-s",
                                       "service.launchd-throttle-s"};
    profile->throttle_s = -1;
    for (size_t i = 0; i < 2 && profile->throttle_s < 0; i++) {
        yyjson_val *value = yyjson_obj_get(reading->values, keys[i]);
        if (value != NULL && (!yyjson_is_num(value) || !(yyjson_get_num(value) >= 0) ||
                              yyjson_get_num(value) > 86400)) {
            return refuse(reading->path, "%s must be a number of seconds from 0 to 86400", keys[i]);
        }
        profile->throttle_s = value != NULL ? yyjson_get_num(value) : -1;
    }
    return true;
}

static bool read_sandbox(const struct reading *reading, enum halsandbox_kind kind,
                         struct halsandbox_list *list) {
    char key[64];
    snprintf(key, sizeof key, "sandbox.%s", halsandbox_kind_name(kind));
    yyjson_val *rules = yyjson_obj_get(reading->values, key), *item;
    size_t index, count;
    if (rules == NULL) {
        return true;
    }
    if (!yyjson_is_arr(rules) || yyjson_arr_size(rules) > HALSANDBOX_RULES_MAX) {
        return refuse(reading->path, "%s must be a list of at most %d rules", key,
                      HALSANDBOX_RULES_MAX);
    }
    list->known = true; /* an empty one allows nothing */
    yyjson_arr_foreach(rules, index, count, item) {
        const char *text = yyjson_get_str(item);
        const char *complaint = text != NULL ? halsandbox_rule_complaint(kind, text) : "is no text";
        if (complaint != NULL) {
            return refuse(reading->path, "%s: entry %zu %s", key, index, complaint);
        }
        (void)halsandbox_rule_add(list, text);
    }
    read_source(reading, key, list->source, sizeof list->source);
    return true;
}

static bool read_sandboxes(const struct reading *reading, struct profile *profile) {
    bool ok = true;
    for (int kind = 0; kind < HALSANDBOX_KIND_COUNT && ok; kind++) {
        ok = read_sandbox(reading, (enum halsandbox_kind)kind, &profile->sandbox[kind]);
    }
    return ok;
}

bool profile_read(const char *path, struct profile *profile) {
    yyjson_read_err error;
    memset(profile, 0, sizeof *profile);
    yyjson_doc *doc = yyjson_read_file(path, YYJSON_READ_NOFLAG, NULL, &error);
    if (doc == NULL) {
        return refuse(path, "%s", error.msg != NULL ? error.msg : "it cannot be read");
    }
    yyjson_val *root = yyjson_doc_get_root(doc);
    const char *name = yyjson_get_str(yyjson_obj_get(root, "name"));
    const struct reading reading = {path, yyjson_obj_get(root, "values"),
                                    yyjson_obj_get(root, "sources")};
    bool ok = true;
    if (name == NULL || name[0] == '\0' || !yyjson_is_obj(reading.values)) {
        ok = refuse(path, "it has no \"name\" or no \"values\"");
    } else {
        snprintf(profile->asks.name, sizeof profile->asks.name, "%s", name);
        ok = read_uuids(&reading, "loading.plugin-type-uuids", &profile->asks.types) &&
             read_uuids(&reading, "loading.driver-interface-uuids", &profile->asks.interfaces) &&
             read_required(&reading, &profile->asks) && read_model(&reading, profile) &&
             read_throttle(&reading, profile) && read_sandboxes(&reading, profile);
    }
    yyjson_doc_free(doc);
    return ok;
}
