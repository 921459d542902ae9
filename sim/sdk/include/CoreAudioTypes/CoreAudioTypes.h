/* CoreAudioTypes.h - everything in CoreAudioTypes/. */
#ifndef HALSDK_COREAUDIOTYPES_COREAUDIOTYPES_H
#define HALSDK_COREAUDIOTYPES_COREAUDIOTYPES_H

#include <CoreAudioTypes/CoreAudioBaseTypes.h>

#endif
