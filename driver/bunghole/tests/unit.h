/* unit.h - cmocka, with what it wants included before it. */
#ifndef BUNGHOLE_UNIT_H
#define BUNGHOLE_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include <cmocka.h>

#endif
