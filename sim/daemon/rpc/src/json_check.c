/* json_check.c - the "check" of rpc.md. */
#include "json_signal.h"

static const char *event_name(enum halsim_event_kind kind) {
    switch (kind) {
    case HALSIM_EVENT_LOST:
        return "lost";
    case HALSIM_EVENT_DUPLICATE:
        return "duplicate";
    case HALSIM_EVENT_REORDER:
        return "reorder";
    case HALSIM_EVENT_SILENCE:
        return "silence";
    case HALSIM_EVENT_CORRUPT:
        return "corrupt";
    case HALSIM_EVENT_CHANNELS:
        return "channels";
    }
    return "unknown";
}

yyjson_mut_val *json_from_check(yyjson_mut_doc *doc, const struct halsim_check *check) {
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_uint(doc, object, "channels", check->channels);
    yyjson_mut_obj_add_bool(doc, object, "locked", check->locked);
    yyjson_mut_obj_add_sint(doc, object, "first_frame", check->first_frame);
    yyjson_mut_obj_add_sint(doc, object, "next_frame", check->next_frame);
    yyjson_mut_obj_add_uint(doc, object, "received", check->received);
    yyjson_mut_obj_add_uint(doc, object, "correct", check->correct);
    yyjson_mut_obj_add_uint(doc, object, "lost", check->lost);
    yyjson_mut_obj_add_uint(doc, object, "duplicated", check->duplicated);
    yyjson_mut_obj_add_uint(doc, object, "reordered", check->reordered);
    yyjson_mut_obj_add_uint(doc, object, "silent", check->silent);
    yyjson_mut_obj_add_uint(doc, object, "leading_silence", check->leading_silence);
    yyjson_mut_obj_add_uint(doc, object, "corrupt", check->corrupt);
    yyjson_mut_obj_add_uint(doc, object, "swapped", check->swapped);
    yyjson_mut_obj_add_uint(doc, object, "event_count", check->event_count);
    yyjson_mut_obj_add_bool(doc, object, "clean", halsim_check_is_clean(check));
    yyjson_mut_val *events = yyjson_mut_obj_add_arr(doc, object, "events");
    for (uint32_t i = 0; i < check->event_count && i < HALSIM_CHECK_EVENTS_MAX; i++) {
        const struct halsim_event *event = &check->events[i];
        yyjson_mut_val *entry = yyjson_mut_arr_add_obj(doc, events);
        yyjson_mut_obj_add_str(doc, entry, "kind", event_name(event->kind));
        yyjson_mut_obj_add_uint(doc, entry, "position", event->position);
        yyjson_mut_obj_add_sint(doc, entry, "expected", event->expected);
        yyjson_mut_obj_add_sint(doc, entry, "found", event->found);
        yyjson_mut_obj_add_uint(doc, entry, "frames", event->frames);
    }
    return object;
}
