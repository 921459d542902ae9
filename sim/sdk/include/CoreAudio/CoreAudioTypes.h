/* CoreAudioTypes.h - the older place of CoreAudioTypes/CoreAudioTypes.h. */
#ifndef HALSDK_COREAUDIO_COREAUDIOTYPES_H
#define HALSDK_COREAUDIO_COREAUDIOTYPES_H

#include <CoreAudioTypes/CoreAudioTypes.h>

#endif
