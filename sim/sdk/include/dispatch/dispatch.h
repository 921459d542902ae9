/* dispatch/dispatch.h - Grand Central Dispatch: what audio drivers use of it.
 *
 * The forms that take blocks exist for compilers with blocks (clang -fblocks). Not here: dispatch
 * data and I/O, work loops, dispatch_block_create() and its relatives, sources other than timers.
 */
#ifndef DISPATCH_DISPATCH_H
#define DISPATCH_DISPATCH_H

#include <dispatch/base.h>
#include <dispatch/group.h>
#include <dispatch/object.h>
#include <dispatch/once.h>
#include <dispatch/queue.h>
#include <dispatch/semaphore.h>
#include <dispatch/source.h>
#include <dispatch/time.h>

#endif
