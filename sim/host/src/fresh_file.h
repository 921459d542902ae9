/* fresh_file.h - a file that the host writes into through a mapping: traces, recordings. */
#ifndef HALSIM_FRESH_FILE_H
#define HALSIM_FRESH_FILE_H

#include "halsim/status.h"

struct halsim_fresh_file {
    int fd;
    void *map;
    size_t bytes;
};

/* Makes a file of `bytes` zeros that has room on the disk for all of them, maps it for reading and
 * writing, and only then gives it the name `path`. It is a file of its own also when one of that
 * name stands there: whoever has the old one open or mapped keeps it, and a failure leaves it in
 * its place. Only a regular file is replaced (ARGUMENT otherwise); a symbolic link stays and what
 * it leads to is replaced. `what` begins the message of an error. */
bool halsim_fresh_file_create(const char *what, const char *path, size_t bytes,
                              struct halsim_fresh_file *file, struct halsim_error *error);

#endif
