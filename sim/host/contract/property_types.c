/* property_types.c - the contract of a driver's properties, as a table. */
#include "property_types.h"
#include <CoreAudio/AudioServerPlugIn.h>

#define SCOPED  PROPERTY_BY_SCOPE
#define CHANNEL (PROPERTY_BY_SCOPE | PROPERTY_BY_ELEMENT)

static const struct property_contract contracts[] = {
    /* every object */
    {kAudioObjectPropertyBaseClass, PROPERTY_FOURCC, 0},
    {kAudioObjectPropertyClass, PROPERTY_FOURCC, 0},
    {kAudioObjectPropertyOwner, PROPERTY_U32, 0},
    {kAudioObjectPropertyName, PROPERTY_STRING, 0},
    {kAudioObjectPropertyModelName, PROPERTY_STRING, 0},
    {kAudioObjectPropertyManufacturer, PROPERTY_STRING, 0},
    {kAudioObjectPropertyElementName, PROPERTY_STRING, CHANNEL},
    {kAudioObjectPropertyElementCategoryName, PROPERTY_STRING, CHANNEL},
    {kAudioObjectPropertyElementNumberName, PROPERTY_STRING, CHANNEL},
    {kAudioObjectPropertyOwnedObjects, PROPERTY_U32_LIST, SCOPED},
    {kAudioObjectPropertyIdentify, PROPERTY_U32, 0},
    {kAudioObjectPropertySerialNumber, PROPERTY_STRING, 0},
    {kAudioObjectPropertyFirmwareVersion, PROPERTY_STRING, 0},
    {kAudioObjectPropertyCustomPropertyInfoList, PROPERTY_CUSTOM_LIST, 0},

    /* plug-in */
    {kAudioPlugInPropertyBundleID, PROPERTY_STRING, 0},
    {kAudioPlugInPropertyDeviceList, PROPERTY_U32_LIST, 0},
    {kAudioPlugInPropertyTranslateUIDToDevice, PROPERTY_U32, PROPERTY_TAKES_STRING},
    {kAudioPlugInPropertyBoxList, PROPERTY_U32_LIST, 0},
    {kAudioPlugInPropertyTranslateUIDToBox, PROPERTY_U32, PROPERTY_TAKES_STRING},
    {kAudioPlugInPropertyClockDeviceList, PROPERTY_U32_LIST, 0},
    {kAudioPlugInPropertyTranslateUIDToClockDevice, PROPERTY_U32, PROPERTY_TAKES_STRING},
    {kAudioPlugInPropertyResourceBundle, PROPERTY_STRING, 0},

    /* transport manager */
    {kAudioTransportManagerPropertyEndPointList, PROPERTY_U32_LIST, 0},
    {kAudioTransportManagerPropertyTranslateUIDToEndPoint, PROPERTY_U32, PROPERTY_TAKES_STRING},

    /* box; its transport type is the device's selector */
    {kAudioBoxPropertyBoxUID, PROPERTY_STRING, 0},
    {kAudioBoxPropertyHasAudio, PROPERTY_U32, 0},
    {kAudioBoxPropertyHasVideo, PROPERTY_U32, 0},
    {kAudioBoxPropertyHasMIDI, PROPERTY_U32, 0},
    {kAudioBoxPropertyIsProtected, PROPERTY_U32, 0},
    {kAudioBoxPropertyAcquired, PROPERTY_U32, 0},
    {kAudioBoxPropertyAcquisitionFailed, PROPERTY_I32, 0},
    {kAudioBoxPropertyDeviceList, PROPERTY_U32_LIST, 0},
    {kAudioBoxPropertyClockDeviceList, PROPERTY_U32_LIST, 0},

    /* device, and what a clock device shares with it */
    {kAudioDevicePropertyConfigurationApplication, PROPERTY_STRING, 0},
    {kAudioDevicePropertyDeviceUID, PROPERTY_STRING, 0},
    {kAudioClockDevicePropertyDeviceUID, PROPERTY_STRING, 0},
    {kAudioDevicePropertyModelUID, PROPERTY_STRING, 0},
    {kAudioDevicePropertyTransportType, PROPERTY_FOURCC, 0},
    {kAudioDevicePropertyRelatedDevices, PROPERTY_U32_LIST, 0},
    {kAudioDevicePropertyClockDomain, PROPERTY_U32, 0},
    {kAudioDevicePropertyDeviceIsAlive, PROPERTY_U32, 0},
    {kAudioDevicePropertyDeviceIsRunning, PROPERTY_U32, 0},
    {kAudioDevicePropertyDeviceCanBeDefaultDevice, PROPERTY_U32, SCOPED},
    {kAudioDevicePropertyDeviceCanBeDefaultSystemDevice, PROPERTY_U32, SCOPED},
    {kAudioDevicePropertyLatency, PROPERTY_U32, SCOPED},
    {kAudioDevicePropertyStreams, PROPERTY_U32_LIST, SCOPED},
    {kAudioObjectPropertyControlList, PROPERTY_U32_LIST, SCOPED},
    {kAudioDevicePropertySafetyOffset, PROPERTY_U32, SCOPED},
    {kAudioDevicePropertyNominalSampleRate, PROPERTY_F64, 0},
    {kAudioDevicePropertyAvailableNominalSampleRates, PROPERTY_RANGE_LIST, 0},
    {kAudioDevicePropertyIcon, PROPERTY_URL, 0},
    {kAudioDevicePropertyIsHidden, PROPERTY_U32, 0},
    {kAudioDevicePropertyPreferredChannelsForStereo, PROPERTY_U32_LIST, SCOPED},
    {kAudioDevicePropertyPreferredChannelLayout, PROPERTY_LAYOUT, SCOPED},
    {kAudioDevicePropertyZeroTimeStampPeriod, PROPERTY_U32, 0},
    {kAudioDevicePropertyClockAlgorithm, PROPERTY_FOURCC, 0},
    {kAudioDevicePropertyClockIsStable, PROPERTY_U32, 0},
    {'resc', PROPERTY_U32, 0}, /* kAudioDevicePropertyWantsControlsRestored: not in every SDK */
    {'resf', PROPERTY_U32, 0}, /* kAudioDevicePropertyWantsStreamFormatsRestored */

    /* end point device */
    {kAudioEndPointDevicePropertyComposition, PROPERTY_PLIST, 0},
    {kAudioEndPointDevicePropertyEndPointList, PROPERTY_U32_LIST, 0},
    {kAudioEndPointDevicePropertyIsPrivate, PROPERTY_I32, 0},

    /* stream; its latency is the device's selector */
    {kAudioStreamPropertyIsActive, PROPERTY_U32, 0},
    {kAudioStreamPropertyDirection, PROPERTY_U32, 0},
    {kAudioStreamPropertyTerminalType, PROPERTY_FOURCC, 0},
    {kAudioStreamPropertyStartingChannel, PROPERTY_U32, 0},
    {kAudioStreamPropertyVirtualFormat, PROPERTY_FORMAT, 0},
    {kAudioStreamPropertyAvailableVirtualFormats, PROPERTY_RANGED_FORMAT_LIST, 0},
    {kAudioStreamPropertyPhysicalFormat, PROPERTY_FORMAT, 0},
    {kAudioStreamPropertyAvailablePhysicalFormats, PROPERTY_RANGED_FORMAT_LIST, 0},

    /* control, and its kinds */
    {kAudioControlPropertyScope, PROPERTY_FOURCC, 0},
    {kAudioControlPropertyElement, PROPERTY_U32, 0},
    {kAudioSliderControlPropertyValue, PROPERTY_U32, 0},
    {kAudioSliderControlPropertyRange, PROPERTY_U32_LIST, 0},
    {kAudioLevelControlPropertyScalarValue, PROPERTY_F32, 0},
    {kAudioLevelControlPropertyDecibelValue, PROPERTY_F32, 0},
    {kAudioLevelControlPropertyDecibelRange, PROPERTY_RANGE, 0},
    {kAudioLevelControlPropertyConvertScalarToDecibels, PROPERTY_F32, PROPERTY_TAKES_INPUT},
    {kAudioLevelControlPropertyConvertDecibelsToScalar, PROPERTY_F32, PROPERTY_TAKES_INPUT},
    {kAudioBooleanControlPropertyValue, PROPERTY_U32, 0},
    {kAudioSelectorControlPropertyCurrentItem, PROPERTY_U32_LIST, 0},
    {kAudioSelectorControlPropertyAvailableItems, PROPERTY_U32_LIST, 0},
    {kAudioSelectorControlPropertyItemName, PROPERTY_STRING, PROPERTY_TAKES_ITEM},
    {kAudioSelectorControlPropertyItemKind, PROPERTY_FOURCC, PROPERTY_TAKES_ITEM},
    {kAudioStereoPanControlPropertyValue, PROPERTY_F32, 0},
    {kAudioStereoPanControlPropertyPanningChannels, PROPERTY_U32_LIST, 0},
};

const struct property_contract *property_contracts(size_t *count) {
    *count = sizeof contracts / sizeof contracts[0];
    return contracts;
}

const struct property_contract *property_contract_find(uint32_t selector) {
    for (size_t i = 0; i < sizeof contracts / sizeof contracts[0]; i++) {
        if (contracts[i].selector == selector) {
            return &contracts[i];
        }
    }
    return NULL;
}

/* ---- types --------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    uint32_t size;
    bool is_list;
    bool is_reference;
} types[PROPERTY_TYPE_COUNT] = {
    [PROPERTY_HEX] = {"hex", 0, false, false},
    [PROPERTY_U32] = {"u32", sizeof(UInt32), false, false},
    [PROPERTY_I32] = {"i32", sizeof(SInt32), false, false},
    [PROPERTY_F32] = {"f32", sizeof(Float32), false, false},
    [PROPERTY_F64] = {"f64", sizeof(Float64), false, false},
    [PROPERTY_FOURCC] = {"fourcc", sizeof(UInt32), false, false},
    [PROPERTY_STRING] = {"string", sizeof(CFStringRef), false, true},
    [PROPERTY_PLIST] = {"plist", sizeof(CFTypeRef), false, true},
    [PROPERTY_URL] = {"url", sizeof(CFURLRef), false, true},
    [PROPERTY_RANGE] = {"range", sizeof(AudioValueRange), false, false},
    [PROPERTY_FORMAT] = {"format", sizeof(AudioStreamBasicDescription), false, false},
    [PROPERTY_U32_LIST] = {"u32[]", sizeof(UInt32), true, false},
    [PROPERTY_FOURCC_LIST] = {"fourcc[]", sizeof(UInt32), true, false},
    [PROPERTY_RANGE_LIST] = {"range[]", sizeof(AudioValueRange), true, false},
    [PROPERTY_RANGED_FORMAT_LIST] = {"ranged_format[]", sizeof(AudioStreamRangedDescription), true,
                                     false},
    [PROPERTY_CUSTOM_LIST] = {"custom[]", sizeof(AudioServerPlugInCustomPropertyInfo), true, false},
    [PROPERTY_LAYOUT] = {"channel_layout", 0, false, false},
};

const char *property_type_name(enum property_type type) {
    return types[type].name;
}

const char *property_type_names(void) {
    return "hex u32 i32 f32 f64 fourcc string plist url range format u32[] fourcc[] range[] "
           "ranged_format[] custom[] channel_layout";
}

uint32_t property_type_size(enum property_type type) {
    return types[type].size;
}

bool property_type_is_list(enum property_type type) {
    return types[type].is_list;
}

bool property_type_is_reference(enum property_type type) {
    return types[type].is_reference;
}
