/* rpc_session.h - a dispatcher with a virtual host behind it, spoken to in JSON. */
#ifndef RPC_SESSION_H
#define RPC_SESSION_H

#include "rpc_unit.h"

#include "halsim/rpc.h"

/* Sets LOOP_SHAPE and LOOP_FAULT (NULL: none). Options as for halsim_rpc_create_json(). */
struct halsim_rpc *session_open(const char *options, const char *shape, const char *fault);
/* The same with Loop in it. */
struct halsim_rpc *session_with_loop(const char *options, const char *shape, const char *fault);

/* The answer to a line; yyjson_doc_free(). NULL when there was none. */
yyjson_doc *session_say(struct halsim_rpc *rpc, const char *line);

/* Result and error of `method` with `params` as JSON text; they fail the test when it was the
 * other. Valid until the next call. */
yyjson_val *session_call(struct halsim_rpc *rpc, const char *method, const char *params);
yyjson_val *session_error(struct halsim_rpc *rpc, const char *method, const char *params);

/* The message of an error object, and its code. */
const char *message_of(yyjson_val *error);
int code_of(yyjson_val *error);
const char *status_of(yyjson_val *error);
/* Member of an object; fails the test when it is missing. */
yyjson_val *member(yyjson_val *object, const char *name);
uint64_t number_at(yyjson_val *object, const char *name);

/* Frees what is left. */
void session_close(struct halsim_rpc *rpc);

#endif
