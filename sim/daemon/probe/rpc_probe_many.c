#include "rpc_probe.h"
RPC_METHOD(probe_storm) {
    (void)call;
    return NULL;
}
RPC_METHOD(probe_random) {
    (void)call;
    return NULL;
}
