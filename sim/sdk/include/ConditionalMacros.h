/* ConditionalMacros.h - spellings that old Mac sources put around declarations.
 *
 * On every Mac since 2001 they stand for plain C functions.
 */
#ifndef HALSDK_CONDITIONALMACROS_H
#define HALSDK_CONDITIONALMACROS_H

#include <Availability.h>
#include <AvailabilityMacros.h>
#include <TargetConditionals.h>

#define FUNCTION_PASCAL            0
#define FUNCTION_DECLSPEC          0
#define TYPE_LONGLONG              1
#define TYPE_EXTENDED              0
#define TYPE_BOOL                  1

#define EXTERN_API(type)           extern type
#define EXTERN_API_C(type)         extern type
#define DEFINE_API(type)           type
#define DEFINE_API_C(type)         type
#define CALLBACK_API(type, name)   type(*name)
#define CALLBACK_API_C(type, name) type(*name)

#endif
