/* operation.h - the IO operations by index, code and name. */
#ifndef HALSIM_OPERATION_H
#define HALSIM_OPERATION_H

#include "halsim/trace.h"
#include <CoreAudio/AudioServerPlugIn.h>

static const UInt32 halsim_operation_codes[HALSIM_OP_COUNT] = {
    [HALSIM_OP_READ_INPUT] = kAudioServerPlugInIOOperationReadInput,
    [HALSIM_OP_CONVERT_INPUT] = kAudioServerPlugInIOOperationConvertInput,
    [HALSIM_OP_PROCESS_INPUT] = kAudioServerPlugInIOOperationProcessInput,
    [HALSIM_OP_PROCESS_OUTPUT] = kAudioServerPlugInIOOperationProcessOutput,
    [HALSIM_OP_MIX_OUTPUT] = kAudioServerPlugInIOOperationMixOutput,
    [HALSIM_OP_PROCESS_MIX] = kAudioServerPlugInIOOperationProcessMix,
    [HALSIM_OP_CONVERT_MIX] = kAudioServerPlugInIOOperationConvertMix,
    [HALSIM_OP_WRITE_MIX] = kAudioServerPlugInIOOperationWriteMix,
    [HALSIM_OP_CYCLE] = kAudioServerPlugInIOOperationCycle,
    [HALSIM_OP_THREAD] = kAudioServerPlugInIOOperationThread,
};

#endif
