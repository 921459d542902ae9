/* CFPlugIn.h - bundles whose code makes objects on request, named by UUIDs.
 *
 * A *type* is what a host looks for, a *factory* is a function that makes instances of it.
 * Info.plist ties them together: CFPlugInFactories  { factory UUID: name of the function }
 *   CFPlugInTypes      { type UUID: [factory UUIDs] }, or one factory UUID as a string
 * UUIDs compare without regard to case; entries that are malformed are skipped.
 *
 * A plug-in is its bundle: CFPlugInRef and CFBundleRef are the same pointer, and CFGetTypeID() says
 * CFBundle. The factory registry belongs to the process and may be used from any thread.
 */
#ifndef COREFOUNDATION_CFPLUGIN_H
#define COREFOUNDATION_CFPLUGIN_H

#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFBundle.h>
#include <CoreFoundation/CFString.h>
#include <CoreFoundation/CFURL.h>
#include <CoreFoundation/CFUUID.h>

CF_EXTERN_C_BEGIN

CF_EXPORT const CFStringRef kCFPlugInDynamicRegistrationKey;
CF_EXPORT const CFStringRef kCFPlugInDynamicRegisterFunctionKey;
CF_EXPORT const CFStringRef kCFPlugInUnloadFunctionKey;
CF_EXPORT const CFStringRef kCFPlugInFactoriesKey;
CF_EXPORT const CFStringRef kCFPlugInTypesKey;

typedef void (*CFPlugInDynamicRegisterFunction)(CFPlugInRef plugIn);
typedef void (*CFPlugInUnloadFunction)(CFPlugInRef plugIn);
typedef void *(*CFPlugInFactoryFunction)(CFAllocatorRef allocator, CFUUIDRef typeUUID);

CF_EXPORT CFTypeID CFPlugInGetTypeID(void);

/* ---- plug-ins ----------------------------------------------------------------------------- */

/* The bundle of that directory, with its factories registered; NULL when there is no directory.
 * With CFPlugInDynamicRegistration its code is loaded and its register function called.
 * CFBundleCreate() does none of this: who only looks into a bundle registers nothing. (The code
 * that Apple has published for CoreFoundation registers there already.) */
CF_EXPORT CFPlugInRef CFPlugInCreate(CFAllocatorRef allocator, CFURLRef plugInURL);
CF_EXPORT CFBundleRef CFPlugInGetBundle(CFPlugInRef plugIn);

/* True (the default, but not with CFPlugInDynamicRegistration): code is loaded when the first
 * instance is made. False loads it now. It is never unmapped. */
CF_EXPORT void CFPlugInSetLoadOnDemand(CFPlugInRef plugIn, Boolean flag);
CF_EXPORT Boolean CFPlugInIsLoadOnDemand(CFPlugInRef plugIn);

/* ---- factories and instances -------------------------------------------------------------- */

/* CFUUIDs of factories in the order of registration; empty when there are none. */
CF_EXPORT CFArrayRef CFPlugInFindFactoriesForPlugInType(CFUUIDRef typeUUID);
CF_EXPORT CFArrayRef CFPlugInFindFactoriesForPlugInTypeInPlugIn(CFUUIDRef typeUUID,
                                                                CFPlugInRef plugIn);

/* What the factory function returned; NULL when the factory is unknown, is not registered for the
 * type, or cannot be loaded (the reason goes to stderr). */
CF_EXPORT void *CFPlugInInstanceCreate(CFAllocatorRef allocator, CFUUIDRef factoryUUID,
                                       CFUUIDRef typeUUID);

/* For factories that register themselves. False when the UUID is taken, or not registered. A
 * function registered by name is looked up in the plug-in when it is first needed. */
CF_EXPORT Boolean CFPlugInRegisterFactoryFunction(CFUUIDRef factoryUUID,
                                                  CFPlugInFactoryFunction func);
CF_EXPORT Boolean CFPlugInRegisterFactoryFunctionByName(CFUUIDRef factoryUUID, CFPlugInRef plugIn,
                                                        CFStringRef functionName);
CF_EXPORT Boolean CFPlugInUnregisterFactory(CFUUIDRef factoryUUID);
CF_EXPORT Boolean CFPlugInRegisterPlugInType(CFUUIDRef factoryUUID, CFUUIDRef typeUUID);
CF_EXPORT Boolean CFPlugInUnregisterPlugInType(CFUUIDRef factoryUUID, CFUUIDRef typeUUID);

/* An instance tells that it lives: while any does, the plug-in is retained. */
CF_EXPORT void CFPlugInAddInstanceForFactory(CFUUIDRef factoryID);
CF_EXPORT void CFPlugInRemoveInstanceForFactory(CFUUIDRef factoryID);

/* ---- instances with data of their own, the older way without COM ---------------------------- */

typedef struct __CFPlugInInstance *CFPlugInInstanceRef;
typedef Boolean (*CFPlugInInstanceGetInterfaceFunction)(CFPlugInInstanceRef instance,
                                                        CFStringRef interfaceName, void **ftbl);
typedef void (*CFPlugInInstanceDeallocateInstanceDataFunction)(void *instanceData);

CF_EXPORT CFTypeID CFPlugInInstanceGetTypeID(void);
CF_EXPORT CFPlugInInstanceRef CFPlugInInstanceCreateWithInstanceDataSize(
    CFAllocatorRef allocator, CFIndex instanceDataSize,
    CFPlugInInstanceDeallocateInstanceDataFunction deallocateInstanceFunction,
    CFStringRef factoryName, CFPlugInInstanceGetInterfaceFunction getInterfaceFunction);
CF_EXPORT Boolean CFPlugInInstanceGetInterfaceFunctionTable(CFPlugInInstanceRef instance,
                                                            CFStringRef interfaceName, void **ftbl);
CF_EXPORT CFStringRef CFPlugInInstanceGetFactoryName(CFPlugInInstanceRef instance); /* borrowed */
CF_EXPORT void *CFPlugInInstanceGetInstanceData(CFPlugInInstanceRef instance);

CF_EXTERN_C_END

#endif
