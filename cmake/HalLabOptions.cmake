# What every C target of hal-lab is compiled with.
#
#   target_link_libraries(my_target PRIVATE hal_lab::options)
#
# Sanitizers go on the whole build, not on a target: a driver that is loaded
# into an instrumented host must be instrumented with the same runtime.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON) # POSIX and GNU names; the drivers' own sources stay plain C11
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_library(hal_lab_options INTERFACE)
add_library(hal_lab::options ALIAS hal_lab_options)
target_compile_options(hal_lab_options INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
  $<$<NOT:$<CONFIG:Release>>:-fno-omit-frame-pointer> # for debuggers and profilers; the crash report walks unwind tables
  $<$<BOOL:${HAL_LAB_WERROR}>:-Werror>
  # Four-character codes are the vocabulary of Core Audio.
  $<$<C_COMPILER_ID:GNU>:-Wno-multichar>
  $<$<C_COMPILER_ID:Clang,AppleClang>:-Wno-four-char-constants>)

if(HAL_LAB_SANITIZE)
  add_compile_options(-fsanitize=${HAL_LAB_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${HAL_LAB_SANITIZE})
  if(CMAKE_C_COMPILER_ID STREQUAL "Clang" AND NOT HAL_LAB_SANITIZE MATCHES "thread")
    # The drivers are dlopen()ed: the runtime has to be one shared library, which lies beside the compiler.
    # (Clang 14's shared ThreadSanitizer crashes at start; its static one takes drivers too.)
    execute_process(COMMAND ${CMAKE_C_COMPILER} -print-resource-dir
                    OUTPUT_VARIABLE HAL_LAB_RESOURCE_DIR OUTPUT_STRIP_TRAILING_WHITESPACE)
    add_link_options(-shared-libsan "-Wl,-rpath,${HAL_LAB_RESOURCE_DIR}/lib/linux")
  endif()
endif()
