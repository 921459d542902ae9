# The stubs that drivers are linked against for macOS name every function of CoreFoundation,
# CoreAudio and Accelerate that the SDK (LIBRARY, read with NM) offers on Linux.
cmake_minimum_required(VERSION 3.24)

set(stubs "")
foreach(name CoreFoundation CoreAudio Accelerate)
  file(READ "${CMAKE_CURRENT_LIST_DIR}/${name}.tbd" stub)
  string(APPEND stubs "${stub}")
endforeach()

execute_process(
  COMMAND "${NM}" --dynamic --defined-only --format=posix "${LIBRARY}"
  OUTPUT_VARIABLE output
  COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "\n" ";" lines "${output}")
set(missing "")
set(count 0)
foreach(line IN LISTS lines)
  if(line MATCHES "^((CF|kCF|__CF|Audio|vDSP_)[A-Za-z0-9_]+)[ @]")
    set(symbol "${CMAKE_MATCH_1}")
    math(EXPR count "${count} + 1")
    if(NOT stubs MATCHES "[ ]_${symbol}[],]")
      list(APPEND missing "_${symbol}")
    endif()
  endif()
endforeach()
if(missing)
  list(JOIN missing ", " missing)
  message(FATAL_ERROR "not in cmake/darwin/*.tbd: ${missing}")
endif()
if(count LESS 100)
  message(FATAL_ERROR "only ${count} symbols found in ${LIBRARY}: is it the SDK?")
endif()
message("${count} symbols have stubs")
