/* Accelerate.h - the three vector operations that HAL drivers take from vDSP.
 *
 * A stride is counted in elements, may be negative, and leaves what lies between alone.
 * Output may be the same memory as an input when the strides are the same.
 */
#ifndef HALSDK_ACCELERATE_H
#define HALSDK_ACCELERATE_H

#include <CoreFoundation/CFBase.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef long vDSP_Stride;
typedef unsigned long vDSP_Length;

/* c[i * ic] = 0 for i < n */
CF_EXPORT void vDSP_vclr(float *c, vDSP_Stride ic, vDSP_Length n);

/* c[i * ic] = a[i * ia] * *b for i < n */
CF_EXPORT void vDSP_vsmul(const float *a, vDSP_Stride ia, const float *b, float *c, vDSP_Stride ic,
                          vDSP_Length n);

/* c[i * ic] = a[i * ia] + b[i * ib] for i < n */
CF_EXPORT void vDSP_vadd(const float *a, vDSP_Stride ia, const float *b, vDSP_Stride ib, float *c,
                         vDSP_Stride ic, vDSP_Length n);

#ifdef __cplusplus
}
#endif
#endif
