/* CFPlugInCOM.h - the piece of COM that plug-ins are made of.
 *
 * A plug-in instance is a pointer to a pointer to a table of functions. The table begins with the
 * four words of IUnknown; the first of them is NULL.
 */
#ifndef HALSDK_CFPLUGINCOM_H
#define HALSDK_CFPLUGINCOM_H

#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFUUID.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef SInt32 HRESULT;
typedef UInt32 ULONG;
typedef void *LPVOID;
typedef CFUUIDBytes REFIID; /* 16 bytes, passed by value */

#define STDMETHODCALLTYPE

/* Severity is the sign. The failures have numbers of their own, not those of Windows. */
#define SUCCEEDED(status) ((HRESULT)(status) >= 0)
#define FAILED(status)    ((HRESULT)(status) < 0)

#define S_OK              ((HRESULT)0)
#define S_FALSE           ((HRESULT)1)
#define E_UNEXPECTED      ((HRESULT)0x8000FFFFu)
#define E_NOTIMPL         ((HRESULT)0x80000001u)
#define E_OUTOFMEMORY     ((HRESULT)0x80000002u)
#define E_INVALIDARG      ((HRESULT)0x80000003u)
#define E_NOINTERFACE     ((HRESULT)0x80000004u)
#define E_POINTER         ((HRESULT)0x80000005u)
#define E_HANDLE          ((HRESULT)0x80000006u)
#define E_ABORT           ((HRESULT)0x80000007u)
#define E_FAIL            ((HRESULT)0x80000008u)
#define E_ACCESSDENIED    ((HRESULT)0x80000009u)

/* 00000000-0000-0000-C000-000000000046; the same object each time, never released. */
#define IUnknownUUID                                                                               \
    CFUUIDGetConstantUUIDWithBytes(NULL, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xC0,     \
                                   0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46)

/* The head of every interface table, for use inside a struct. */
#define IUNKNOWN_C_GUTS                                                                            \
    void *_reserved;                                                                               \
    HRESULT(STDMETHODCALLTYPE *QueryInterface)                                                     \
    (void *thisPointer, REFIID iid, LPVOID *ppv);                                                  \
    ULONG(STDMETHODCALLTYPE *AddRef)(void *thisPointer);                                           \
    ULONG(STDMETHODCALLTYPE *Release)(void *thisPointer)

typedef struct IUnknownVTbl {
    IUNKNOWN_C_GUTS;
} IUnknownVTbl;

#ifdef __cplusplus
}
#endif
#endif
