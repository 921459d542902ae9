/* report_calls.c */
#include "report_calls.h"
#include "halsim/last_calls.h"

/* What one of them takes at most. */
#define CALL_BYTES 192

void report_last_calls(struct report *report) {
    static struct halsim_last_call calls[HALSIM_LAST_CALLS_MAX]; /* too much for a signal's stack */
    size_t count = halsim_last_calls(calls, HALSIM_LAST_CALLS_MAX);
    size_t room = report_room(report) / CALL_BYTES;
    report_begin_list(report, "last_calls");
    for (size_t i = count > room ? count - room : 0; i < count; i++) {
        const struct halsim_last_call *call = &calls[i];
        char text[16];
        report_begin_item(report);
        report_number(report, "number", call->number);
        report_string(report, "entry_point", call->entry_point);
        report_number(report, "object", call->object);
        report_number(report, "client", call->client);
        report_string(report, "code",
                      call->code != 0 ? halsim_fourcc_text(call->code, text) : NULL);
        report_string(report, "status",
                      call->has_status ? halsim_fourcc_text((uint32_t)call->status, text) : NULL);
        report_raw(report, "returned", call->has_returned ? "true" : "false");
        report_end_item(report);
    }
    report_end_list(report);
}
