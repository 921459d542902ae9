# Run by hal_lab_add_driver() after linking: EXECUTABLE defines all of EXPORTS, and exports nothing
# else. A version script says nothing when a name in it does not exist.
cmake_minimum_required(VERSION 3.24)

execute_process(
  COMMAND "${NM}" --dynamic --defined-only --format=posix "${EXECUTABLE}"
  OUTPUT_VARIABLE output
  COMMAND_ERROR_IS_FATAL ANY)
set(found "")
string(REPLACE "\n" ";" lines "${output}")
foreach(line IN LISTS lines)
  if(line MATCHES "^([^ @]+)[^ ]* [A-Zu] ")
    list(APPEND found "${CMAKE_MATCH_1}")
  endif()
endforeach()
foreach(symbol IN LISTS EXPORTS)
  if(NOT symbol IN_LIST found)
    file(REMOVE "${EXECUTABLE}")
    message(FATAL_ERROR "${EXECUTABLE} does not define the factory function ${symbol}; "
                        "in C++ it needs extern \"C\"")
  endif()
endforeach()
list(REMOVE_ITEM found ${EXPORTS})
if(found)
  message(FATAL_ERROR "${EXECUTABLE} exports more than its factory: ${found}")
endif()
