/* sanitizers.h - which of them this is built with: HALSIM_UNDER_ASAN, HALSIM_UNDER_TSAN. gcc and
 * clang say it in different ways.
 */
#ifndef HALSIM_SANITIZERS_H
#define HALSIM_SANITIZERS_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HALSIM_UNDER_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define HALSIM_UNDER_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(HALSIM_UNDER_ASAN)
#define HALSIM_UNDER_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__) && !defined(HALSIM_UNDER_TSAN)
#define HALSIM_UNDER_TSAN 1
#endif

#endif
