/* cf_autorelease.c - CFAutorelease(): a stack of references per thread. A pool is a mark on it. */
#include "cf_runtime.h"

#include <pthread.h>
#include <stdlib.h>

struct stack {
    CFTypeRef *objects;
    size_t count, capacity;
};

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
    /* pthread has cleared the key; finalizers that autorelease must find this stack. */
    pthread_setspecific(key, stack);
    release_down_to(stack, 0);
    pthread_setspecific(key, NULL);
    free(stack->objects);
    free(stack);
}

static void make_key(void) {
    if (pthread_key_create(&key, thread_ends) != 0) {
        abort(); /* 1024 keys are taken: nothing sensible is left to do */
    }
}

static struct stack *stack_of_thread(bool make) {
    pthread_once(&once, make_key);
    struct stack *stack = pthread_getspecific(key);
    if (!stack && make) {
        stack = calloc(1, sizeof *stack);
        if (stack && pthread_setspecific(key, stack) != 0) {
            free(stack);
            stack = NULL;
        }
    }
    return stack;
}

CFTypeRef CFAutorelease(CFTypeRef arg) {
    if (!cf_object_class(arg)) {
        return arg;
    }
    struct stack *stack = stack_of_thread(true);
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

size_t cf_autorelease_push(void) {
    struct stack *stack = stack_of_thread(false);
    return stack ? stack->count : 0;
}

void cf_autorelease_pop(size_t mark) {
    struct stack *stack = stack_of_thread(false);
    if (stack) {
        release_down_to(stack, mark);
    }
}
