/* cf_autorelease.c - CFAutorelease(): a stack of references per thread. A pool is a mark on it. */
#include "cf_runtime.h"

#include <halsdk/halsdk.h>
#include <pthread.h>
#include <stdlib.h>

struct stack {
    CFTypeRef *objects;
    size_t count, capacity;
};

/* A host looks for the stack twice in every call of a driver, in every cycle: hence initial-exec,
 * one instruction. The key is there for the end of the thread. */
static _Thread_local struct stack *mine __attribute__((tls_model("initial-exec")));
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;

static void release_down_to(struct stack *stack, size_t mark) {
    /* A finalizer may autorelease again: look at the count anew each time. */
    while (stack->count > mark) {
        CFRelease(stack->objects[--stack->count]);
    }
}

static void thread_ends(void *value) {
    struct stack *stack = value;
    release_down_to(stack, 0);
    mine = NULL; /* only now: finalizers that autorelease find this stack */
    free(stack->objects);
    free(stack);
}

static void make_key(void) {
    if (pthread_key_create(&key, thread_ends) != 0) {
        abort(); /* 1024 keys are taken: nothing sensible is left to do */
    }
}

static struct stack *make_stack(void) {
    pthread_once(&once, make_key);
    struct stack *stack = calloc(1, sizeof *stack);
    if (stack && pthread_setspecific(key, stack) != 0) {
        free(stack);
        stack = NULL;
    }
    mine = stack;
    return stack;
}

CFTypeRef CFAutorelease(CFTypeRef arg) {
    if (!cf_object_class(arg)) {
        return arg;
    }
    struct stack *stack = mine ? mine : make_stack();
    if (stack && stack->count == stack->capacity) {
        size_t capacity = stack->capacity ? stack->capacity * 2 : 16;
        CFTypeRef *objects = realloc(stack->objects, capacity * sizeof *objects);
        if (objects) {
            stack->objects = objects;
            stack->capacity = capacity;
        }
    }
    /* Without memory for the pool the object leaks, which the live count shows. */
    if (stack && stack->count < stack->capacity) {
        stack->objects[stack->count++] = arg;
    }
    return arg;
}

size_t halsdk_autorelease_push(void) {
    return mine ? mine->count : 0;
}

void halsdk_autorelease_pop(size_t mark) {
    if (mine) {
        release_down_to(mine, mark);
    }
}
