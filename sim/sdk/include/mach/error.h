/* mach/error.h - how an error number is composed: system (6 bits), subsystem (12), code (14). */
#ifndef MACH_ERROR_H
#define MACH_ERROR_H

#include <mach/kern_return.h>

typedef kern_return_t mach_error_t;

#define err_none             ((mach_error_t)0)
#define ERR_SUCCESS          ((mach_error_t)0)

#define err_system(x_)       ((signed)((((unsigned)(x_)) & 0x3fu) << 26))
#define err_sub(x_)          (((x_)&0xfff) << 14)
#define err_get_system(err_) ((((unsigned)(err_)) >> 26) & 0x3fu)
#define err_get_sub(err_)    ((((unsigned)(err_)) >> 14) & 0xfffu)
#define err_get_code(err_)   (((unsigned)(err_)) & 0x3fffu)

#define err_kern             err_system(0x0)
#define err_us               err_system(0x1)
#define err_server           err_system(0x2)
#define err_ipc              err_system(0x3)
#define err_mach_ipc         err_system(0x4)
#define err_dipc             err_system(0x7)
#define err_vm               err_system(0x8)
#define err_local            err_system(0x3e)
#define err_ipc_compat       err_system(0x3f)
#define err_max_system       0x3f

#endif
