/* CoreAudio.h - the client's view of Core Audio. Drivers include AudioServerPlugIn.h besides. */
#ifndef HALSDK_COREAUDIO_COREAUDIO_H
#define HALSDK_COREAUDIO_COREAUDIO_H

#include <CoreAudio/AudioHardware.h>
#include <CoreAudio/AudioHardwareDeprecated.h>
#include <CoreAudio/CoreAudioTypes.h>
#include <CoreAudio/HostTime.h>

#endif
