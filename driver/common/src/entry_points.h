/* entry_points.h - the function table of every plug-in. Private to this folder. */
#ifndef HALDRV_ENTRY_POINTS_H
#define HALDRV_ENTRY_POINTS_H

#include "haldrv/plugin.h"

extern struct AudioServerPlugInDriverInterface haldrv_interface;

bool haldrv_is_type(CFUUIDRef type, CFUUIDRef wanted);

#endif
