/* dispatch/base.h - the macros that the dispatch headers are written in. */
#ifndef DISPATCH_BASE_H
#define DISPATCH_BASE_H

#include <os/base.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/qos.h>
#include <time.h>

#define DISPATCH_EXPORT OS_EXPORT

/* In C++ the types form a hierarchy, in C a transparent union: both let a function that takes any
 * dispatch object be called without a cast. */
#if defined(__cplusplus)
typedef struct dispatch_object_s {
} * dispatch_object_t;
#define DISPATCH_DECL(name_) typedef struct name_##_s : public dispatch_object_s{} * name_##_t
#else
#define DISPATCH_DECL(name_) typedef struct name_##_s *name_##_t
#endif

DISPATCH_DECL(dispatch_queue);
DISPATCH_DECL(dispatch_queue_attr);
DISPATCH_DECL(dispatch_group);
DISPATCH_DECL(dispatch_semaphore);
DISPATCH_DECL(dispatch_source);

#if !defined(__cplusplus)
typedef union {
    struct dispatch_object_s *object_;
    struct dispatch_queue_s *queue_;
    struct dispatch_queue_attr_s *queue_attr_;
    struct dispatch_group_s *group_;
    struct dispatch_semaphore_s *semaphore_;
    struct dispatch_source_s *source_;
} dispatch_object_t OS_TRANSPARENT_UNION;
#endif

typedef dispatch_queue_t dispatch_queue_global_t;
typedef dispatch_queue_t dispatch_queue_main_t;
typedef dispatch_queue_t dispatch_queue_serial_t;
typedef dispatch_queue_t dispatch_queue_concurrent_t;

typedef void (*dispatch_function_t)(void *context);
#if defined(__BLOCKS__)
typedef void (^dispatch_block_t)(void);
#endif

#endif
