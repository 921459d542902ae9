/* CFStringEncodingExt.h - numbers of further encodings. CFStringIsEncodingAvailable() says which
 * ones the runtime can convert; the others exist to be compared with. */
#ifndef COREFOUNDATION_CFSTRINGENCODINGEXT_H
#define COREFOUNDATION_CFSTRINGENCODINGEXT_H

#include <CoreFoundation/CFBase.h>

typedef CF_ENUM(CFIndex, CFStringEncodings) {
    kCFStringEncodingMacJapanese = 1,
    kCFStringEncodingMacChineseTrad = 2,
    kCFStringEncodingMacKorean = 3,
    kCFStringEncodingMacCyrillic = 7,
    kCFStringEncodingMacChineseSimp = 25,
    kCFStringEncodingMacCentralEurRoman = 29,
    kCFStringEncodingISOLatin2 = 0x0202,
    kCFStringEncodingISOLatin9 = 0x020F,
    kCFStringEncodingDOSLatinUS = 0x0400,
    kCFStringEncodingDOSLatin1 = 0x0410,
    kCFStringEncodingWindowsLatin2 = 0x0501,
    kCFStringEncodingWindowsCyrillic = 0x0502,
    kCFStringEncodingShiftJIS = 0x0A01,
    kCFStringEncodingKOI8_R = 0x0A02,
    kCFStringEncodingBig5 = 0x0A03,
    kCFStringEncodingEUC_JP = 0x0920,
    kCFStringEncodingGB_18030_2000 = 0x0632,
    kCFStringEncodingUTF7 = 0x04000100,
};

#endif
