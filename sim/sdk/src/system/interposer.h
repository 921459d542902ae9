/* interposer.h - what an executable that stands before the C library is told of locks that are not
 * the C library's (sim/interpose). Elsewhere these are NULL.
 */
#ifndef HALSDK_INTERPOSER_H
#define HALSDK_INTERPOSER_H

#include <stdbool.h>

/* enum halledger_kind */
enum {
    INTERPOSER_LOCK = 2,
    INTERPOSER_CONTENDED = 3
};
extern void halledger_note(int kind) __attribute__((weak));
extern void halsched_point(const char *operation) __attribute__((weak));

/* Before a lock is taken: another thread may run first. */
static inline void interposer_point(const char *operation) {
    if (halsched_point)
        halsched_point(operation);
}

static inline void interposer_took(bool waited) {
    if (halledger_note)
        halledger_note(waited ? INTERPOSER_CONTENDED : INTERPOSER_LOCK);
}

#endif
