/* libkern/OSAtomic.h - the old atomic operations (deprecated on a Mac since 10.12).
 *
 * Add, Increment, Decrement, And, Or, Xor return the new value; the ...Orig forms the old one. The
 * ...Barrier forms are full barriers, the others order nothing.
 */
#ifndef LIBKERN_OSATOMIC_H
#define LIBKERN_OSATOMIC_H

#include <os/base.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

__BEGIN_DECLS

#define HALSDK_ATOMIC_ADD_(bits_, suffix_, order_)                                                 \
    OS_INLINE int##bits_##_t OSAtomicAdd##bits_##suffix_(int##bits_##_t amount,                    \
                                                         volatile int##bits_##_t *value) {         \
        return __atomic_add_fetch(value, amount, order_);                                          \
    }                                                                                              \
    OS_INLINE int##bits_##_t OSAtomicIncrement##bits_##suffix_(volatile int##bits_##_t *value) {   \
        return __atomic_add_fetch(value, 1, order_);                                               \
    }                                                                                              \
    OS_INLINE int##bits_##_t OSAtomicDecrement##bits_##suffix_(volatile int##bits_##_t *value) {   \
        return __atomic_sub_fetch(value, 1, order_);                                               \
    }
HALSDK_ATOMIC_ADD_(32, , __ATOMIC_RELAXED)
HALSDK_ATOMIC_ADD_(32, Barrier, __ATOMIC_SEQ_CST)
HALSDK_ATOMIC_ADD_(64, , __ATOMIC_RELAXED)
HALSDK_ATOMIC_ADD_(64, Barrier, __ATOMIC_SEQ_CST)
#undef HALSDK_ATOMIC_ADD_

#define HALSDK_ATOMIC_BITS_(name_, builtin_, suffix_, order_)                                      \
    OS_INLINE int32_t OSAtomic##name_##32##suffix_(uint32_t mask, volatile uint32_t *value) {      \
        return (int32_t)__atomic_##builtin_##_fetch(value, mask, order_);                          \
    }                                                                                              \
    OS_INLINE int32_t OSAtomic##name_##32Orig##suffix_(uint32_t mask, volatile uint32_t *value) {  \
        return (int32_t)__atomic_fetch_##builtin_(value, mask, order_);                            \
    }
HALSDK_ATOMIC_BITS_(And, and, , __ATOMIC_RELAXED)
HALSDK_ATOMIC_BITS_(And, and, Barrier, __ATOMIC_SEQ_CST)
HALSDK_ATOMIC_BITS_(Or, or, , __ATOMIC_RELAXED)
HALSDK_ATOMIC_BITS_(Or, or, Barrier, __ATOMIC_SEQ_CST)
HALSDK_ATOMIC_BITS_(Xor, xor, , __ATOMIC_RELAXED)
HALSDK_ATOMIC_BITS_(Xor, xor, Barrier, __ATOMIC_SEQ_CST)
#undef HALSDK_ATOMIC_BITS_

#define HALSDK_ATOMIC_SWAP_(name_, type_, suffix_, order_)                                         \
    OS_INLINE bool OSAtomicCompareAndSwap##name_##suffix_(type_ expected, type_ desired,           \
                                                          type_ volatile *value) {                 \
        return __atomic_compare_exchange_n(value, &expected, desired, false, order_,               \
                                           __ATOMIC_RELAXED);                                      \
    }
HALSDK_ATOMIC_SWAP_(Int, int, , __ATOMIC_RELAXED)
HALSDK_ATOMIC_SWAP_(Int, int, Barrier, __ATOMIC_SEQ_CST)
HALSDK_ATOMIC_SWAP_(Long, long, , __ATOMIC_RELAXED)
HALSDK_ATOMIC_SWAP_(Long, long, Barrier, __ATOMIC_SEQ_CST)
HALSDK_ATOMIC_SWAP_(Ptr, void *, , __ATOMIC_RELAXED)
HALSDK_ATOMIC_SWAP_(Ptr, void *, Barrier, __ATOMIC_SEQ_CST)
HALSDK_ATOMIC_SWAP_(32, int32_t, , __ATOMIC_RELAXED)
HALSDK_ATOMIC_SWAP_(32, int32_t, Barrier, __ATOMIC_SEQ_CST)
HALSDK_ATOMIC_SWAP_(64, int64_t, , __ATOMIC_RELAXED)
HALSDK_ATOMIC_SWAP_(64, int64_t, Barrier, __ATOMIC_SEQ_CST)
#undef HALSDK_ATOMIC_SWAP_

/* Bit n is bit 7 - n % 8 of byte n / 8. They return what the bit was. */
OS_INLINE bool OSAtomicTestAndSetBarrier(uint32_t n, volatile void *address) {
    unsigned char mask = (unsigned char)(0x80u >> (n & 7u));
    return (__atomic_fetch_or((volatile unsigned char *)address + (n >> 3), mask,
                              __ATOMIC_SEQ_CST) &
            mask) != 0;
}
OS_INLINE bool OSAtomicTestAndClearBarrier(uint32_t n, volatile void *address) {
    unsigned char mask = (unsigned char)(0x80u >> (n & 7u));
    return (__atomic_fetch_and((volatile unsigned char *)address + (n >> 3), (unsigned char)~mask,
                               __ATOMIC_SEQ_CST) &
            mask) != 0;
}
OS_INLINE bool OSAtomicTestAndSet(uint32_t n, volatile void *address) {
    return OSAtomicTestAndSetBarrier(n, address);
}
OS_INLINE bool OSAtomicTestAndClear(uint32_t n, volatile void *address) {
    return OSAtomicTestAndClearBarrier(n, address);
}

OS_INLINE void OSMemoryBarrier(void) {
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* A stack of elements whose link is at byte `offset` of each. Short critical sections under a spin
 * bit in the head, not lock-free as on a Mac. */
typedef volatile struct {
    void *opaque1;
    long opaque2;
} __attribute__((__aligned__(16))) OSQueueHead;
#define OS_ATOMIC_QUEUE_INIT                                                                       \
    { NULL, 0 }
OS_EXPORT void OSAtomicEnqueue(OSQueueHead *list, void *element, size_t offset);
OS_EXPORT void *OSAtomicDequeue(OSQueueHead *list, size_t offset);

typedef int32_t OSSpinLock;
#define OS_SPINLOCK_INIT 0
/* Spins, then yields the processor: a holder of lower priority gets on. */
OS_EXPORT void OSSpinLockLock(volatile OSSpinLock *lock);
OS_EXPORT bool OSSpinLockTry(volatile OSSpinLock *lock);
OS_EXPORT void OSSpinLockUnlock(volatile OSSpinLock *lock);

__END_DECLS

#endif
