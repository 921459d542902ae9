/* cf_number.c - numbers, kept as a 64-bit integer or as a double together with the type they came
 * in. */
#include "cf_runtime.h"

#include <CoreFoundation/CFNumber.h>
#include <limits.h>
#include <math.h>
#include <string.h>

struct cf_number {
    struct cf_object base;
    CFNumberType type; /* one of the six with a fixed size */
    union {
        SInt64 integer;
        double real; /* a Float32 too: every float is a double */
    } value;
};

#define CONSTANT(name_, value_)                                                                    \
    static const struct cf_number name_ = {                                                        \
        CF_STATIC_OBJECT(cf_number_class), kCFNumberFloat64Type, {.real = (value_)}}

CONSTANT(positive_infinity, INFINITY);
CONSTANT(negative_infinity, -INFINITY);
CONSTANT(not_a_number, NAN);
const CFNumberRef kCFNumberPositiveInfinity = (CFNumberRef)(const void *)&positive_infinity;
const CFNumberRef kCFNumberNegativeInfinity = (CFNumberRef)(const void *)&negative_infinity;
const CFNumberRef kCFNumberNaN = (CFNumberRef)(const void *)&not_a_number;

/* ---- types -------------------------------------------------------------------------------- */

/* The type of fixed size behind a type; 0: there is no such type. */
static CFNumberType canonical(CFNumberType type) {
    switch (type) {
    case kCFNumberSInt8Type:
    case kCFNumberCharType:
        return kCFNumberSInt8Type;
    case kCFNumberSInt16Type:
    case kCFNumberShortType:
        return kCFNumberSInt16Type;
    case kCFNumberSInt32Type:
    case kCFNumberIntType:
        return kCFNumberSInt32Type;
    case kCFNumberSInt64Type:
    case kCFNumberLongType:
    case kCFNumberLongLongType:
    case kCFNumberCFIndexType:
    case kCFNumberNSIntegerType:
        return kCFNumberSInt64Type;
    case kCFNumberFloat32Type:
    case kCFNumberFloatType:
        return kCFNumberFloat32Type;
    case kCFNumberFloat64Type:
    case kCFNumberDoubleType:
    case kCFNumberCGFloatType:
        return kCFNumberFloat64Type;
    default:
        return 0;
    }
}

static bool is_float(CFNumberType fixed) {
    return fixed == kCFNumberFloat32Type || fixed == kCFNumberFloat64Type;
}

static const struct cf_number *number_body(CFNumberRef number, const char *function) {
    static const struct cf_number zero = {
        CF_STATIC_OBJECT(cf_number_class), kCFNumberSInt32Type, {.integer = 0}};
    return cf_object_expect(number, &cf_number_class, function) ? (const void *)number : &zero;
}

CFTypeID CFNumberGetTypeID(void) {
    return CF_TYPE_NUMBER;
}

CFNumberType CFNumberGetType(CFNumberRef number) {
    return number_body(number, __func__)->type;
}

CFIndex CFNumberGetByteSize(CFNumberRef number) {
    static const CFIndex sizes[] = {
        [kCFNumberSInt8Type] = 1,  [kCFNumberSInt16Type] = 2,  [kCFNumberSInt32Type] = 4,
        [kCFNumberSInt64Type] = 8, [kCFNumberFloat32Type] = 4, [kCFNumberFloat64Type] = 8};
    return sizes[number_body(number, __func__)->type];
}

Boolean CFNumberIsFloatType(CFNumberRef number) {
    return is_float(number_body(number, __func__)->type);
}

/* ---- in and out --------------------------------------------------------------------------- */

CFNumberRef CFNumberCreate(CFAllocatorRef allocator, CFNumberType theType, const void *valuePtr) {
    CFNumberType type = canonical(theType);
    if (!type || !valuePtr) {
        cf_fault(valuePtr, "%s: type %ld, value at %p", __func__, theType, valuePtr);
        return NULL;
    }
    struct cf_number *made = cf_object_create(allocator, &cf_number_class, sizeof *made);
    if (!made) {
        return NULL;
    }
    made->type = type;
    /* The caller's pointer need not be aligned: property data comes as raw bytes. */
    union {
        SInt8 i8;
        SInt16 i16;
        SInt32 i32;
        Float32 f32;
    } in;
    switch (type) {
    case kCFNumberSInt8Type:
        memcpy(&in.i8, valuePtr, sizeof in.i8);
        made->value.integer = in.i8;
        break;
    case kCFNumberSInt16Type:
        memcpy(&in.i16, valuePtr, sizeof in.i16);
        made->value.integer = in.i16;
        break;
    case kCFNumberSInt32Type:
        memcpy(&in.i32, valuePtr, sizeof in.i32);
        made->value.integer = in.i32;
        break;
    case kCFNumberFloat32Type:
        memcpy(&in.f32, valuePtr, sizeof in.f32);
        made->value.real = (double)in.f32;
        break;
    default:
        memcpy(&made->value, valuePtr, 8);
        break;
    }
    return (CFNumberRef)(const void *)made;
}

/* Truncates towards 0 and saturates. */
static SInt64 integer_from_real(double real) {
    if (isnan(real)) {
        return 0;
    }
    /* 2^63 is a double, LONG_MAX is not. */
    return real >= 0x1p63 ? LLONG_MAX : real < -0x1p63 ? LLONG_MIN : (SInt64)real;
}

/* Compares exactly: a double has not the bits for every integer, nor an integer the fractions. */
static int compare_integer_real(SInt64 integer, double real) {
    if (real >= 0x1p63) {
        return -1;
    }
    if (real < -0x1p63) {
        return 1;
    }
    SInt64 whole = (SInt64)real;
    if (integer != whole) {
        return integer < whole ? -1 : 1;
    }
    double fraction = real - (double)whole;
    return fraction > 0 ? -1 : fraction < 0 ? 1 : 0;
}

static bool get_integer(const struct cf_number *number, CFNumberType type, void *to) {
    SInt64 value =
        is_float(number->type) ? integer_from_real(number->value.real) : number->value.integer;
    SInt64 low = value, high = value;
    if (type != kCFNumberSInt64Type) {
        int bits = type == kCFNumberSInt8Type ? 8 : type == kCFNumberSInt16Type ? 16 : 32;
        high = ((SInt64)1 << (bits - 1)) - 1;
        low = -high - 1;
    }
    if (is_float(number->type)) {
        value = value < low ? low : value > high ? high : value;
    }
    SInt8 i8 = (SInt8)value;
    SInt16 i16 = (SInt16)value;
    SInt32 i32 = (SInt32)value;
    switch (type) {
    case kCFNumberSInt8Type:
        memcpy(to, &i8, sizeof i8);
        break;
    case kCFNumberSInt16Type:
        memcpy(to, &i16, sizeof i16);
        break;
    case kCFNumberSInt32Type:
        memcpy(to, &i32, sizeof i32);
        break;
    default:
        memcpy(to, &value, sizeof value);
        break;
    }
    return value >= low && value <= high &&
           (!is_float(number->type) ||
            (!isnan(number->value.real) && compare_integer_real(value, number->value.real) == 0));
}

static bool get_real(const struct cf_number *number, CFNumberType type, void *to) {
    double value = is_float(number->type) ? number->value.real : (double)number->value.integer;
    if (type == kCFNumberFloat32Type) {
        /* Out of a float's range, C leaves the conversion open; IEEE 754 says infinity. */
        float single = fabs(value) > 0x1.fffffefffffffp127
                           ? copysignf(INFINITY, (float)copysign(1, value))
                           : (float)value;
        memcpy(to, &single, sizeof single);
        value = (double)single;
    } else {
        memcpy(to, &value, sizeof value);
    }
    if (!is_float(number->type)) {
        return compare_integer_real(number->value.integer, value) == 0;
    }
    return isnan(number->value.real) || !(value < number->value.real || value > number->value.real);
}

Boolean CFNumberGetValue(CFNumberRef number, CFNumberType theType, void *valuePtr) {
    const struct cf_number *body = number_body(number, __func__);
    CFNumberType type = canonical(theType);
    if (!type || !valuePtr) {
        cf_fault(number, "%s: type %ld, value to %p", __func__, theType, valuePtr);
        return false;
    }
    return is_float(type) ? get_real(body, type, valuePtr) : get_integer(body, type, valuePtr);
}

/* ---- order -------------------------------------------------------------------------------- */

static bool is_nan(const struct cf_number *number) {
    return is_float(number->type) && isnan(number->value.real);
}

static bool is_negative(const struct cf_number *number) {
    return is_float(number->type) ? number->value.real < 0 : number->value.integer < 0;
}

static int compare(const struct cf_number *a, const struct cf_number *b) {
    if (is_nan(a) || is_nan(b)) {
        return is_nan(a) && is_nan(b) ? 0
               : is_nan(a)            ? (is_negative(b) ? 1 : -1)
                                      : (is_negative(a) ? -1 : 1);
    }
    if (is_float(a->type) && is_float(b->type)) {
        return (a->value.real > b->value.real) - (a->value.real < b->value.real);
    }
    if (is_float(a->type)) {
        return -compare_integer_real(b->value.integer, a->value.real);
    }
    if (is_float(b->type)) {
        return compare_integer_real(a->value.integer, b->value.real);
    }
    return (a->value.integer > b->value.integer) - (a->value.integer < b->value.integer);
}

CFComparisonResult CFNumberCompare(CFNumberRef number, CFNumberRef otherNumber, void *context) {
    (void)context;
    return compare(number_body(number, __func__), number_body(otherNumber, __func__));
}

/* ---- the class ---------------------------------------------------------------------------- */

static Boolean number_equal(CFTypeRef a, CFTypeRef b) {
    return compare(a, b) == 0;
}

/* What is equal hashes alike: a whole double like the integer. */
static CFHashCode number_hash(CFTypeRef object) {
    const struct cf_number *number = object;
    UInt64 bits = (UInt64)number->value.integer;
    if (is_nan(number)) {
        bits = 0x7FF8;
    } else if (is_float(number->type)) {
        SInt64 whole = integer_from_real(number->value.real);
        bits = compare_integer_real(whole, number->value.real) == 0 ? (UInt64)whole : bits;
    }
    return (CFHashCode)((bits ^ bits >> 32) * 0x9E3779B97F4A7C15u);
}

/* As few digits as give the number back. */
static CFStringRef number_copy_format(CFTypeRef object) {
    const struct cf_number *number = object;
    if (!is_float(number->type)) {
        return cf_string_create_printf("%lld", number->value.integer);
    }
    double real = number->value.real;
    if (isnan(real) || isinf(real)) {
        return cf_string_create_printf("%s", isnan(real) ? "nan" : real > 0 ? "inf" : "-inf");
    }
    bool single = number->type == kCFNumberFloat32Type;
    for (int digits = 1;; digits++) {
        CFStringRef text = CFStringCreateWithFormat(NULL, NULL, CFSTR("%.*g"), digits, real);
        double back = text ? CFStringGetDoubleValue(text) : real;
        if (digits >= 17 || !text || (single ? (float)back == (float)real : back == real)) {
            return text;
        }
        CFRelease(text);
    }
}

static CFStringRef number_copy_description(CFTypeRef object) {
    static const char *const names[] = {
        [kCFNumberSInt8Type] = "SInt8",     [kCFNumberSInt16Type] = "SInt16",
        [kCFNumberSInt32Type] = "SInt32",   [kCFNumberSInt64Type] = "SInt64",
        [kCFNumberFloat32Type] = "Float32", [kCFNumberFloat64Type] = "Float64"};
    const struct cf_number *number = object;
    CFStringRef value = number_copy_format(object);
    bool sign = !is_nan(number) && !is_negative(number);
    CFStringRef text = CFStringCreateWithFormat(
        NULL, NULL, CFSTR("<CFNumber %p>{value = %s%@, type = kCFNumber%sType}"), object,
        sign ? "+" : "", value, names[number->type]);
    if (value) {
        CFRelease(value);
    }
    return text;
}

const struct cf_class cf_number_class = {
    .name = "CFNumber",
    .type_id = CF_TYPE_NUMBER,
    .equal = number_equal,
    .hash = number_hash,
    .copy_description = number_copy_description,
    .copy_format = number_copy_format,
};
