/* accelerate.c - vDSP on one element after the other.
 *
 * The loops are plain: drivers call them with a few hundred frames, and the compiler vectorises the
 * case of stride 1 where it is told apart. Pointers move by one stride per step, so that a negative
 * stride walks down from the element it is given.
 */
#include <Accelerate/Accelerate.h>

void vDSP_vclr(float *c, vDSP_Stride ic, vDSP_Length n) {
    for (; n > 0; n--, c += ic) {
        *c = 0.0f;
    }
}

void vDSP_vsmul(const float *a, vDSP_Stride ia, const float *b, float *c, vDSP_Stride ic,
                vDSP_Length n) {
    const float factor = *b; /* b may lie in c */

    for (; n > 0; n--, a += ia, c += ic) {
        *c = *a * factor;
    }
}

void vDSP_vadd(const float *a, vDSP_Stride ia, const float *b, vDSP_Stride ib, float *c,
               vDSP_Stride ic, vDSP_Length n) {
    for (; n > 0; n--, a += ia, b += ib, c += ic) {
        *c = *a + *b;
    }
}
