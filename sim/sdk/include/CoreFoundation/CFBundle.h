/* CFBundle.h - directories with an Info.plist, resources and an executable.
 *
 * Layout: <bundle>/Contents/{Info.plist, MacOS/<CFBundleExecutable>, Resources/}; a directory
 * without Contents is read as a flat bundle. The executable is an ELF shared object here.
 *
 * A directory has one CFBundle per process: CFBundleCreate() for the same path returns the same
 * object. References from Get functions are borrowed.
 *
 * Not done: frameworks and other kinds of layout, Info.plist localization, resource variants by
 * platform or device, preferences of the user's languages (English stands for them all).
 */
#ifndef COREFOUNDATION_CFBUNDLE_H
#define COREFOUNDATION_CFBUNDLE_H

#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFDictionary.h>
#include <CoreFoundation/CFError.h>
#include <CoreFoundation/CFString.h>
#include <CoreFoundation/CFURL.h>

CF_EXTERN_C_BEGIN

typedef struct __CFBundle *CFBundleRef;
typedef struct __CFBundle *CFPlugInRef;

CF_EXPORT const CFStringRef kCFBundleInfoDictionaryVersionKey;
CF_EXPORT const CFStringRef kCFBundleExecutableKey;
CF_EXPORT const CFStringRef kCFBundleIdentifierKey;
CF_EXPORT const CFStringRef kCFBundleVersionKey;
CF_EXPORT const CFStringRef kCFBundleDevelopmentRegionKey;
CF_EXPORT const CFStringRef kCFBundleNameKey;
CF_EXPORT const CFStringRef kCFBundleLocalizationsKey;

/* ---- finding ------------------------------------------------------------------------------ */

/* The directory of this process's executable. Never NULL. */
CF_EXPORT CFBundleRef CFBundleGetMainBundle(void);

/* Of the bundles that exist in this process: the loaded one first, then the newest. A driver finds
 * its own bundle this way, because its host created one. */
CF_EXPORT CFBundleRef CFBundleGetBundleWithIdentifier(CFStringRef bundleID);

/* Without the main bundle unless it was asked for. The array is never freed; it does not retain. */
CF_EXPORT CFArrayRef CFBundleGetAllBundles(void);

CF_EXPORT CFTypeID CFBundleGetTypeID(void);

/* NULL when there is no such directory. A missing or broken Info.plist gives an empty dictionary,
 * as on a Mac; loading the executable then says what was wrong with it. */
CF_EXPORT CFBundleRef CFBundleCreate(CFAllocatorRef allocator, CFURLRef bundleURL);

/* Of one directory, by name; `bundleType` is an extension without dot, or NULL for all. */
CF_EXPORT CFArrayRef CFBundleCreateBundlesFromDirectory(CFAllocatorRef allocator,
                                                        CFURLRef directoryURL,
                                                        CFStringRef bundleType);

/* ---- information -------------------------------------------------------------------------- */

CF_EXPORT CFURLRef CFBundleCopyBundleURL(CFBundleRef bundle);
CF_EXPORT CFDictionaryRef CFBundleGetInfoDictionary(CFBundleRef bundle);
CF_EXPORT CFTypeRef CFBundleGetValueForInfoDictionaryKey(CFBundleRef bundle, CFStringRef key);
CF_EXPORT CFStringRef CFBundleGetIdentifier(CFBundleRef bundle);
CF_EXPORT CFStringRef CFBundleGetDevelopmentRegion(CFBundleRef bundle);

/* CFBundleVersion "1.2.3b4" in the form of 'vers' resources: 0x01236004. 0 when it has none. */
CF_EXPORT UInt32 CFBundleGetVersionNumber(CFBundleRef bundle);

/* Four-character codes of CFBundlePackageType and CFBundleSignature; 'BNDL' and '????' by default.
 */
CF_EXPORT void CFBundleGetPackageInfo(CFBundleRef bundle, UInt32 *packageType,
                                      UInt32 *packageCreator);

/* ---- resources ---------------------------------------------------------------------------- */

CF_EXPORT CFURLRef CFBundleCopyResourcesDirectoryURL(CFBundleRef bundle);

/* Resources/[subDirName/]name.type, then the same in en.lproj, English.lproj, Base.lproj and the
 * development region's. `resourceType` and `subDirName` may be NULL. NULL when there is no file. */
CF_EXPORT CFURLRef CFBundleCopyResourceURL(CFBundleRef bundle, CFStringRef resourceName,
                                           CFStringRef resourceType, CFStringRef subDirName);

/* Looks `key` up in <tableName>.strings (NULL: Localizable). Without one: `value`, or `key` when
 * that is NULL or empty. Tables may be XML or binary property lists; the text form "key" = "value";
 * needs libplist 2.3 and UTF-8. */
CF_EXPORT CFStringRef CFBundleCopyLocalizedString(CFBundleRef bundle, CFStringRef key,
                                                  CFStringRef value, CFStringRef tableName);

/* ---- code --------------------------------------------------------------------------------- */

/* NULL when the file does not exist. Without CFBundleExecutable the bundle's name is tried. */
CF_EXPORT CFURLRef CFBundleCopyExecutableURL(CFBundleRef bundle);

/* dlopen(RTLD_NOW | RTLD_LOCAL). The error's description says which file and what is wrong with it.
 * Codes in kCFErrorDomainCocoa: 4 no executable, 3584 not loadable, 3585 wrong architecture,
 * 3587 dlopen() failed, 3588 a symbol or library is missing. */
CF_EXPORT Boolean CFBundleLoadExecutableAndReturnError(CFBundleRef bundle, CFErrorRef *error);
CF_EXPORT Boolean CFBundlePreflightExecutable(CFBundleRef bundle, CFErrorRef *error);
CF_EXPORT Boolean CFBundleLoadExecutable(CFBundleRef bundle); /* the error goes to stderr */
CF_EXPORT Boolean CFBundleIsExecutableLoaded(CFBundleRef bundle);

/* Marks the executable as not loaded but leaves its code mapped, for good: threads of a driver may
 * still be in it. Loading again, also by a later CFBundle of the same path, finds the same code
 * with its static variables as they were: a new executable in that place needs a new process. */
CF_EXPORT void CFBundleUnloadExecutable(CFBundleRef bundle);

/* These load the executable when needed. NULL when it has no such symbol. */
CF_EXPORT void *CFBundleGetFunctionPointerForName(CFBundleRef bundle, CFStringRef functionName);
CF_EXPORT void *CFBundleGetDataPointerForName(CFBundleRef bundle, CFStringRef symbolName);

/* ---- the bundle as a plug-in -------------------------------------------------------------- */

/* NULL unless the bundle was made into a plug-in by CFPlugInCreate(). */
CF_EXPORT CFPlugInRef CFBundleGetPlugIn(CFBundleRef bundle);

CF_EXTERN_C_END

#endif
