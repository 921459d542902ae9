/* dispatch/once.h - once per process. */
#ifndef DISPATCH_ONCE_H
#define DISPATCH_ONCE_H

#include <dispatch/base.h>

__BEGIN_DECLS

/* 0 at first; all ones when it was done. */
typedef intptr_t dispatch_once_t;

/* Calling it again from inside `function` ends the process, as on a Mac. */
DISPATCH_EXPORT void dispatch_once_f(dispatch_once_t *predicate, void *context,
                                     dispatch_function_t function);
#if defined(__BLOCKS__)
DISPATCH_EXPORT void dispatch_once(dispatch_once_t *predicate, OS_NOESCAPE dispatch_block_t block);
#endif

__END_DECLS

#endif
