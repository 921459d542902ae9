/* libkern/OSByteOrder.h - byte order: swap, convert, and read or write at a byte offset. */
#ifndef LIBKERN_OSBYTEORDER_H
#define LIBKERN_OSBYTEORDER_H

#include <os/base.h>
#include <stdint.h>
#include <string.h>

#define OSSwapInt16(x_)      __builtin_bswap16((uint16_t)(x_))
#define OSSwapInt32(x_)      __builtin_bswap32((uint32_t)(x_))
#define OSSwapInt64(x_)      __builtin_bswap64((uint64_t)(x_))
#define OSSwapConstInt16(x_) OSSwapInt16(x_)
#define OSSwapConstInt32(x_) OSSwapInt32(x_)
#define OSSwapConstInt64(x_) OSSwapInt64(x_)

enum {
    OSUnknownByteOrder = 0,
    OSLittleEndian = 1,
    OSBigEndian = 2
};

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HALSDK_ORDER_LITTLE_(bits_, x_) ((uint##bits_##_t)(x_))
#define HALSDK_ORDER_BIG_(bits_, x_)    OSSwapInt##bits_(x_)
#else
#define HALSDK_ORDER_LITTLE_(bits_, x_) OSSwapInt##bits_(x_)
#define HALSDK_ORDER_BIG_(bits_, x_)    ((uint##bits_##_t)(x_))
#endif

OS_INLINE int32_t OSHostByteOrder(void) {
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? OSLittleEndian : OSBigEndian;
}

#define OSSwapHostToBigInt16(x_)         HALSDK_ORDER_BIG_(16, x_)
#define OSSwapHostToBigInt32(x_)         HALSDK_ORDER_BIG_(32, x_)
#define OSSwapHostToBigInt64(x_)         HALSDK_ORDER_BIG_(64, x_)
#define OSSwapBigToHostInt16(x_)         HALSDK_ORDER_BIG_(16, x_)
#define OSSwapBigToHostInt32(x_)         HALSDK_ORDER_BIG_(32, x_)
#define OSSwapBigToHostInt64(x_)         HALSDK_ORDER_BIG_(64, x_)
#define OSSwapHostToLittleInt16(x_)      HALSDK_ORDER_LITTLE_(16, x_)
#define OSSwapHostToLittleInt32(x_)      HALSDK_ORDER_LITTLE_(32, x_)
#define OSSwapHostToLittleInt64(x_)      HALSDK_ORDER_LITTLE_(64, x_)
#define OSSwapLittleToHostInt16(x_)      HALSDK_ORDER_LITTLE_(16, x_)
#define OSSwapLittleToHostInt32(x_)      HALSDK_ORDER_LITTLE_(32, x_)
#define OSSwapLittleToHostInt64(x_)      HALSDK_ORDER_LITTLE_(64, x_)
#define OSSwapBigToHostConstInt16(x_)    OSSwapBigToHostInt16(x_)
#define OSSwapBigToHostConstInt32(x_)    OSSwapBigToHostInt32(x_)
#define OSSwapBigToHostConstInt64(x_)    OSSwapBigToHostInt64(x_)
#define OSSwapHostToBigConstInt16(x_)    OSSwapHostToBigInt16(x_)
#define OSSwapHostToBigConstInt32(x_)    OSSwapHostToBigInt32(x_)
#define OSSwapHostToBigConstInt64(x_)    OSSwapHostToBigInt64(x_)
#define OSSwapLittleToHostConstInt16(x_) OSSwapLittleToHostInt16(x_)
#define OSSwapLittleToHostConstInt32(x_) OSSwapLittleToHostInt32(x_)
#define OSSwapLittleToHostConstInt64(x_) OSSwapLittleToHostInt64(x_)
#define OSSwapHostToLittleConstInt16(x_) OSSwapHostToLittleInt16(x_)
#define OSSwapHostToLittleConstInt32(x_) OSSwapHostToLittleInt32(x_)
#define OSSwapHostToLittleConstInt64(x_) OSSwapHostToLittleInt64(x_)

/* OSReadBigInt16(base, offset) ... OSWriteLittleInt64(base, offset, value): any alignment. */
#define HALSDK_BYTE_ACCESS_(order_, bits_)                                                         \
    OS_INLINE uint##bits_##_t OSRead##order_##Int##bits_(const volatile void *base,                \
                                                         uintptr_t offset) {                       \
        uint##bits_##_t value;                                                                     \
        memcpy(&value, (const char *)(uintptr_t)base + offset, sizeof value);                      \
        return OSSwap##order_##ToHostInt##bits_(value);                                            \
    }                                                                                              \
    OS_INLINE void OSWrite##order_##Int##bits_(volatile void *base, uintptr_t offset,              \
                                               uint##bits_##_t value) {                            \
        value = OSSwapHostTo##order_##Int##bits_(value);                                           \
        memcpy((char *)(uintptr_t)base + offset, &value, sizeof value);                            \
    }
HALSDK_BYTE_ACCESS_(Big, 16)
HALSDK_BYTE_ACCESS_(Big, 32)
HALSDK_BYTE_ACCESS_(Big, 64)
HALSDK_BYTE_ACCESS_(Little, 16)
HALSDK_BYTE_ACCESS_(Little, 32)
HALSDK_BYTE_ACCESS_(Little, 64)
#undef HALSDK_BYTE_ACCESS_

#endif
