/* sandbox.h - what the interposed functions ask. Each keeps errno, or sets it to EPERM and returns
 * true: then the call must fail. `caller` is their __builtin_return_address(0). */
#ifndef HALSANDBOX_INTERNAL_H
#define HALSANDBOX_INTERNAL_H

#include "halinterpose/sandbox.h"
#include <sys/socket.h>

enum sandbox_access {
    SANDBOX_READ,
    SANDBOX_WRITE,
    SANDBOX_CREATE, /* writes, and may make what is not there */
    SANDBOX_ENTRY,  /* the name in its folder, whatever it leads to: to be removed, or renamed */
};

/* `folder` as for openat(). What is not there and is not to be made is not refused: the kernel says
 * that it is not there, as a Mac's does before its sandbox is asked. */
bool sandbox_refuses_file(const void *caller, const char *call, int folder, const char *path,
                          enum sandbox_access access);
/* Of the flags of open(). */
enum sandbox_access sandbox_access_of(int flags);
bool sandbox_refuses_socket(const void *caller, const char *call, const struct sockaddr *address,
                            socklen_t size);

#endif
