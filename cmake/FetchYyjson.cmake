# The JSON library of the control protocol: target hal_lab::yyjson.
#
# The system's yyjson when there is one (its CMake package, or pkg-config), else its sources are
# brought by fetch_yyjson.py into the build folder, once, and compiled here.
#
#   -DHAL_LAB_SYSTEM_YYJSON=OFF   never use the system's

option(HAL_LAB_SYSTEM_YYJSON "Use the system's yyjson when it has one" ON)

add_library(hal_lab_yyjson INTERFACE)
add_library(hal_lab::yyjson ALIAS hal_lab_yyjson)

set(_found FALSE)
if(HAL_LAB_SYSTEM_YYJSON)
  find_package(yyjson 0.6 QUIET CONFIG)
  if(TARGET yyjson::yyjson)
    target_link_libraries(hal_lab_yyjson INTERFACE yyjson::yyjson)
    set(_found TRUE)
  else()
    find_package(PkgConfig QUIET)
    if(PkgConfig_FOUND)
      pkg_check_modules(YYJSON QUIET IMPORTED_TARGET yyjson>=0.6)
      if(YYJSON_FOUND)
        target_link_libraries(hal_lab_yyjson INTERFACE PkgConfig::YYJSON)
        set(_found TRUE)
      endif()
    endif()
  endif()
endif()

if(_found)
  message(STATUS "yyjson: the system's")
else()
  set(_folder "${CMAKE_BINARY_DIR}/yyjson")
  find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
  execute_process(
    COMMAND "${Python3_EXECUTABLE}" "${CMAKE_CURRENT_LIST_DIR}/fetch_yyjson.py" "${_folder}"
    RESULT_VARIABLE _result ERROR_VARIABLE _said ERROR_STRIP_TRAILING_WHITESPACE)
  if(NOT _result EQUAL 0)
    message(FATAL_ERROR "${_said}")
  endif()
  message(STATUS "yyjson: built from ${_folder}")
  add_library(yyjson_bundled STATIC "${_folder}/yyjson.c")
  target_include_directories(yyjson_bundled SYSTEM PUBLIC "${_folder}")
  target_compile_options(yyjson_bundled PRIVATE -w)
  # Its functions stay inside: a driver may bring a yyjson of its own.
  target_compile_definitions(yyjson_bundled PUBLIC yyjson_api=)
  set_target_properties(yyjson_bundled PROPERTIES C_STANDARD 99 POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(hal_lab_yyjson INTERFACE yyjson_bundled)
endif()
