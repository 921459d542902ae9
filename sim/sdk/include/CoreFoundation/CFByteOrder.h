/* CFByteOrder.h - byte swapping. */
#ifndef COREFOUNDATION_CFBYTEORDER_H
#define COREFOUNDATION_CFBYTEORDER_H

#include <CoreFoundation/CFBase.h>
#include <string.h>

CF_EXTERN_C_BEGIN

enum __CFByteOrder {
    CFByteOrderUnknown,
    CFByteOrderLittleEndian,
    CFByteOrderBigEndian
};
typedef CFIndex CFByteOrder;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define CF_BYTE_ORDER_BIG_(bits_, x_)    CFSwapInt##bits_(x_)
#define CF_BYTE_ORDER_LITTLE_(bits_, x_) (x_)
#else
#define CF_BYTE_ORDER_BIG_(bits_, x_)    (x_)
#define CF_BYTE_ORDER_LITTLE_(bits_, x_) CFSwapInt##bits_(x_)
#endif

CF_INLINE CFByteOrder CFByteOrderGetCurrent(void) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return CFByteOrderLittleEndian;
#else
    return CFByteOrderBigEndian;
#endif
}

CF_INLINE UInt16 CFSwapInt16(UInt16 arg) {
    return (UInt16)__builtin_bswap16(arg);
}

CF_INLINE UInt32 CFSwapInt32(UInt32 arg) {
    return __builtin_bswap32(arg);
}

CF_INLINE UInt64 CFSwapInt64(UInt64 arg) {
    return __builtin_bswap64(arg);
}

#define CF_BYTE_ORDER_FAMILY_(bits_)                                                               \
    CF_INLINE UInt##bits_ CFSwapInt##bits_##BigToHost(UInt##bits_ arg) {                           \
        return CF_BYTE_ORDER_BIG_(bits_, arg);                                                     \
    }                                                                                              \
    CF_INLINE UInt##bits_ CFSwapInt##bits_##HostToBig(UInt##bits_ arg) {                           \
        return CF_BYTE_ORDER_BIG_(bits_, arg);                                                     \
    }                                                                                              \
    CF_INLINE UInt##bits_ CFSwapInt##bits_##LittleToHost(UInt##bits_ arg) {                        \
        return CF_BYTE_ORDER_LITTLE_(bits_, arg);                                                  \
    }                                                                                              \
    CF_INLINE UInt##bits_ CFSwapInt##bits_##HostToLittle(UInt##bits_ arg) {                        \
        return CF_BYTE_ORDER_LITTLE_(bits_, arg);                                                  \
    }

CF_BYTE_ORDER_FAMILY_(16)
CF_BYTE_ORDER_FAMILY_(32)
CF_BYTE_ORDER_FAMILY_(64)

/* Floating point numbers in transit: big-endian, kept in an integer so that no load quiets a NaN.
 */
typedef struct {
    UInt32 v;
} CFSwappedFloat32;

typedef struct {
    UInt64 v;
} CFSwappedFloat64;

CF_INLINE CFSwappedFloat32 CFConvertFloat32HostToSwapped(Float32 arg) {
    CFSwappedFloat32 result;
    UInt32 bits;
    memcpy(&bits, &arg, sizeof bits);
    result.v = CFSwapInt32HostToBig(bits);
    return result;
}

CF_INLINE Float32 CFConvertFloat32SwappedToHost(CFSwappedFloat32 arg) {
    Float32 result;
    UInt32 bits = CFSwapInt32BigToHost(arg.v);
    memcpy(&result, &bits, sizeof result);
    return result;
}

CF_INLINE CFSwappedFloat64 CFConvertFloat64HostToSwapped(Float64 arg) {
    CFSwappedFloat64 result;
    UInt64 bits;
    memcpy(&bits, &arg, sizeof bits);
    result.v = CFSwapInt64HostToBig(bits);
    return result;
}

CF_INLINE Float64 CFConvertFloat64SwappedToHost(CFSwappedFloat64 arg) {
    Float64 result;
    UInt64 bits = CFSwapInt64BigToHost(arg.v);
    memcpy(&result, &bits, sizeof result);
    return result;
}

CF_EXTERN_C_END

#endif
