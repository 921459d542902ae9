/* AudioServerPlugInLayout.h - where each field and each function pointer lies, checked. */
#ifndef HALSDK_AUDIOSERVERPLUGINLAYOUT_H
#define HALSDK_AUDIOSERVERPLUGINLAYOUT_H

#include <CoreAudio/AudioServerPlugIn.h>

HALSDK_SIZE(AudioServerPlugInCustomPropertyInfo, 12);
HALSDK_OFFSET(AudioServerPlugInCustomPropertyInfo, mSelector, 0);
HALSDK_OFFSET(AudioServerPlugInCustomPropertyInfo, mPropertyDataType, 4);
HALSDK_OFFSET(AudioServerPlugInCustomPropertyInfo, mQualifierDataType, 8);

HALSDK_SIZE(AudioServerPlugInClientInfo, 24);
HALSDK_OFFSET(AudioServerPlugInClientInfo, mClientID, 0);
HALSDK_OFFSET(AudioServerPlugInClientInfo, mProcessID, 4);
HALSDK_OFFSET(AudioServerPlugInClientInfo, mIsNativeEndian, 8);
HALSDK_OFFSET(AudioServerPlugInClientInfo, mBundleID, 16);

HALSDK_SIZE(AudioServerPlugInIOCycleInfo, 224);
HALSDK_OFFSET(AudioServerPlugInIOCycleInfo, mIOCycleCounter, 0);
HALSDK_OFFSET(AudioServerPlugInIOCycleInfo, mNominalIOBufferFrameSize, 8);
HALSDK_OFFSET(AudioServerPlugInIOCycleInfo, mCurrentTime, 16);
HALSDK_OFFSET(AudioServerPlugInIOCycleInfo, mInputTime, 80);
HALSDK_OFFSET(AudioServerPlugInIOCycleInfo, mOutputTime, 144);
HALSDK_OFFSET(AudioServerPlugInIOCycleInfo, mMainHostTicksPerFrame, 208);
HALSDK_OFFSET(AudioServerPlugInIOCycleInfo, mMasterHostTicksPerFrame, 208);
HALSDK_OFFSET(AudioServerPlugInIOCycleInfo, mDeviceHostTicksPerFrame, 216);

#define HALSDK_SLOT(table, name, slot) HALSDK_OFFSET(struct table, name, 8 * (slot))

HALSDK_SIZE(struct AudioServerPlugInHostInterface, 40);
HALSDK_SLOT(AudioServerPlugInHostInterface, PropertiesChanged, 0);
HALSDK_SLOT(AudioServerPlugInHostInterface, CopyFromStorage, 1);
HALSDK_SLOT(AudioServerPlugInHostInterface, WriteToStorage, 2);
HALSDK_SLOT(AudioServerPlugInHostInterface, DeleteFromStorage, 3);
HALSDK_SLOT(AudioServerPlugInHostInterface, RequestDeviceConfigurationChange, 4);

HALSDK_SIZE(struct AudioServerPlugInDriverInterface, 184);
HALSDK_SLOT(AudioServerPlugInDriverInterface, _reserved, 0);
HALSDK_SLOT(AudioServerPlugInDriverInterface, QueryInterface, 1);
HALSDK_SLOT(AudioServerPlugInDriverInterface, AddRef, 2);
HALSDK_SLOT(AudioServerPlugInDriverInterface, Release, 3);
HALSDK_SLOT(AudioServerPlugInDriverInterface, Initialize, 4);
HALSDK_SLOT(AudioServerPlugInDriverInterface, CreateDevice, 5);
HALSDK_SLOT(AudioServerPlugInDriverInterface, DestroyDevice, 6);
HALSDK_SLOT(AudioServerPlugInDriverInterface, AddDeviceClient, 7);
HALSDK_SLOT(AudioServerPlugInDriverInterface, RemoveDeviceClient, 8);
HALSDK_SLOT(AudioServerPlugInDriverInterface, PerformDeviceConfigurationChange, 9);
HALSDK_SLOT(AudioServerPlugInDriverInterface, AbortDeviceConfigurationChange, 10);
HALSDK_SLOT(AudioServerPlugInDriverInterface, HasProperty, 11);
HALSDK_SLOT(AudioServerPlugInDriverInterface, IsPropertySettable, 12);
HALSDK_SLOT(AudioServerPlugInDriverInterface, GetPropertyDataSize, 13);
HALSDK_SLOT(AudioServerPlugInDriverInterface, GetPropertyData, 14);
HALSDK_SLOT(AudioServerPlugInDriverInterface, SetPropertyData, 15);
HALSDK_SLOT(AudioServerPlugInDriverInterface, StartIO, 16);
HALSDK_SLOT(AudioServerPlugInDriverInterface, StopIO, 17);
HALSDK_SLOT(AudioServerPlugInDriverInterface, GetZeroTimeStamp, 18);
HALSDK_SLOT(AudioServerPlugInDriverInterface, WillDoIOOperation, 19);
HALSDK_SLOT(AudioServerPlugInDriverInterface, BeginIOOperation, 20);
HALSDK_SLOT(AudioServerPlugInDriverInterface, DoIOOperation, 21);
HALSDK_SLOT(AudioServerPlugInDriverInterface, EndIOOperation, 22);

#undef HALSDK_SLOT

#endif
