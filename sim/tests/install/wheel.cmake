# Installs what people run from BUILD_DIR, and looks at what is passed on: a driver that has libopus
# in it has libopus's licence beside it.
#
#   cmake -DBUILD_DIR=... -DWORK_DIR=... -P wheel.cmake
cmake_minimum_required(VERSION 3.24)

file(REMOVE_RECURSE "${WORK_DIR}")
execute_process(
  COMMAND "${CMAKE_COMMAND}" --install "${BUILD_DIR}" --prefix "${WORK_DIR}"
          --component hal_lab_wheel
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)

file(GLOB_RECURSE installed "${WORK_DIR}/*")
set(programs ${installed})
list(FILTER programs INCLUDE REGEX "/MacOS/[^/]+$")
if(NOT programs)
  message(FATAL_ERROR "no driver below ${WORK_DIR}")
endif()
set(with_opus 0)
foreach(program IN LISTS programs)
  # The library's own name for itself is in every copy of its code.
  file(STRINGS "${program}" found REGEX "^libopus [0-9a-z]" LIMIT_COUNT 1)
  if(NOT found)
    continue()
  endif()
  math(EXPR with_opus "${with_opus} + 1")
  get_filename_component(contents "${program}/../.." ABSOLUTE)
  set(licence "${contents}/Resources/libopus-licence.txt")
  if(NOT EXISTS "${licence}")
    message(FATAL_ERROR "${program} has ${found} in it, and ${licence} is missing")
  endif()
  file(READ "${licence}" text)
  foreach(word "Xiph" "Redistribution and use")
    if(NOT text MATCHES "${word}")
      message(FATAL_ERROR "${licence} does not say \"${word}\"")
    endif()
  endforeach()
endforeach()

# No driver, then its reason.
set(reasons ${installed})
list(FILTER reasons INCLUDE REGEX "/BungholeAudio[.]why-not$")
list(LENGTH reasons reason_count)
math(EXPR count "${with_opus} + ${reason_count}")
if(NOT count EQUAL 1)
  message(FATAL_ERROR "${with_opus} drivers with libopus, and ${reason_count} reasons for none")
endif()
message("${with_opus} driver with libopus in it")
file(REMOVE_RECURSE "${WORK_DIR}")
