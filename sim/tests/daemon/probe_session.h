/* probe_session.h - a probe with Rude open, spoken to in JSON. */
#ifndef PROBE_SESSION_H
#define PROBE_SESSION_H

#include "rpc_session.h"

/* Sets RUDE (NULL: nothing is wrong), opens it, creates instance 0 and initializes it. */
static inline struct halsim_rpc *probe_session(const char *rude) {
    if (rude != NULL) {
        (void)setenv("RUDE", rude, 1);
    } else {
        (void)unsetenv("RUDE");
    }
    struct halsim_rpc *rpc = session_open(NULL, NULL, NULL);
    session_call(rpc, "probe.open", "{\"path\": \"" RUDE_DRIVER "\"}");
    session_call(rpc, "probe.create", "{}");
    session_call(rpc, "probe.initialize", "{\"instance\": 0}");
    return rpc;
}

/* Closes what is open, and the rest. */
static inline void probe_session_end(struct halsim_rpc *rpc) {
    session_call(rpc, "probe.close", "{\"instance\": 0}");
    session_call(rpc, "probe.unload", "{}");
    session_close(rpc);
}

/* probe.call of instance 0 with more members. */
static inline yyjson_val *probe_ask(struct halsim_rpc *rpc, const char *members) {
    char params[2048];
    (void)snprintf(params, sizeof params, "{\"instance\": 0, %s}", members);
    return session_call(rpc, "probe.call", params);
}

static inline bool is_true(yyjson_val *object, const char *name) {
    return yyjson_is_true(member(object, name));
}

#endif
