# The Opus codec as a static library: target hal_lab::opus.
#
# The system's libopus.a when it has one, else its sources are brought by fetch_opus.py into the build
# folder, once, and compiled here. Never a shared library: a driver's process on macOS refuses those
# that are not signed by Apple or by the driver's own team.
#
#   -DHAL_LAB_SYSTEM_OPUS=OFF   never use the system's
#
# HAL_LAB_HAS_OPUS says whether there is one, HAL_LAB_OPUS_REASON why not. Debian's archive is not
# position independent, so that no driver can take it; there the sources are used.
#
# Who passes a program with libopus in it on passes its licence on with it: HAL_LAB_OPUS_LICENCE is a
# file of that text, named libopus-licence.txt, or empty where the system's libopus came without.

include_guard(GLOBAL)
option(HAL_LAB_SYSTEM_OPUS "Use the system's libopus.a when it has one" ON)

set(HAL_LAB_HAS_OPUS TRUE)
set(HAL_LAB_OPUS_REASON "")
set(HAL_LAB_OPUS_LICENCE "")
add_library(hal_lab_opus INTERFACE)
add_library(hal_lab::opus ALIAS hal_lab_opus)

set(_found FALSE)
if(HAL_LAB_SYSTEM_OPUS)
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND)
    pkg_check_modules(OPUS QUIET opus>=1.2)
  endif()
  find_library(HAL_LAB_OPUS_ARCHIVE NAMES libopus.a HINTS ${OPUS_LIBRARY_DIRS})
  find_path(HAL_LAB_OPUS_INCLUDE NAMES opus.h HINTS ${OPUS_INCLUDE_DIRS} PATH_SUFFIXES opus)
  mark_as_advanced(HAL_LAB_OPUS_ARCHIVE HAL_LAB_OPUS_INCLUDE)
  if(HAL_LAB_OPUS_ARCHIVE AND HAL_LAB_OPUS_INCLUDE)
    # Some distributions build archives that no shared object can take.
    include(CheckCSourceCompiles)
    set(CMAKE_REQUIRED_FLAGS -fPIC)
    set(CMAKE_REQUIRED_INCLUDES "${HAL_LAB_OPUS_INCLUDE}")
    set(CMAKE_REQUIRED_LIBRARIES
        -shared -Wl,--whole-archive "${HAL_LAB_OPUS_ARCHIVE}" -Wl,--no-whole-archive m)
    if(APPLE)
      set(CMAKE_REQUIRED_LIBRARIES "${HAL_LAB_OPUS_ARCHIVE}")
    endif()
    check_c_source_compiles("#include <opus.h>
      int main(void) { return opus_get_version_string() == 0; }" HAL_LAB_OPUS_ARCHIVE_IS_USABLE)
    unset(CMAKE_REQUIRED_FLAGS)
    unset(CMAKE_REQUIRED_INCLUDES)
    unset(CMAKE_REQUIRED_LIBRARIES)
    set(_found ${HAL_LAB_OPUS_ARCHIVE_IS_USABLE})
  endif()
endif()

if(_found)
  message(STATUS "libopus: ${HAL_LAB_OPUS_ARCHIVE}")
  target_link_libraries(hal_lab_opus INTERFACE "${HAL_LAB_OPUS_ARCHIVE}")
  target_include_directories(hal_lab_opus SYSTEM INTERFACE "${HAL_LAB_OPUS_INCLUDE}")
  # Beside the library, as Homebrew has it, or where Debian keeps what its packages are under.
  get_filename_component(_prefix "${HAL_LAB_OPUS_ARCHIVE}" REALPATH)
  get_filename_component(_prefix "${_prefix}" DIRECTORY)
  find_file(HAL_LAB_OPUS_SYSTEM_LICENCE NAMES COPYING copyright NO_DEFAULT_PATH
    PATHS "${_prefix}/.." "${_prefix}/../share/doc/opus" "${_prefix}/../../share/doc/libopus-dev"
          "${_prefix}/../share/doc/libopus-dev" "${_prefix}/../share/licenses/opus")
  mark_as_advanced(HAL_LAB_OPUS_SYSTEM_LICENCE)
  set(_licence "${HAL_LAB_OPUS_SYSTEM_LICENCE}")
else()
  set(_folder "${CMAKE_BINARY_DIR}/opus")
  find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
  execute_process(
    COMMAND "${Python3_EXECUTABLE}" "${CMAKE_CURRENT_LIST_DIR}/fetch_opus.py" "${_folder}"
    RESULT_VARIABLE _result ERROR_VARIABLE _said ERROR_STRIP_TRAILING_WHITESPACE)
  if(NOT _result EQUAL 0)
    set(HAL_LAB_OPUS_REASON "${_said}")
    set(HAL_LAB_HAS_OPUS FALSE)
    return()
  endif()
  file(STRINGS "${_folder}/opus-sources.txt" _sources)
  list(LENGTH _sources _count)
  message(STATUS "libopus: built from ${_count} files in ${_folder}")
  add_library(opus_bundled STATIC ${_sources})
  target_include_directories(opus_bundled SYSTEM PUBLIC "${_folder}/opus/include")
  target_include_directories(opus_bundled PRIVATE
    "${_folder}/opus" "${_folder}/opus/celt" "${_folder}/opus/silk" "${_folder}/opus/silk/float")
  target_compile_definitions(opus_bundled PRIVATE OPUS_BUILD USE_ALLOCA HAVE_LRINT HAVE_LRINTF
    "PACKAGE_VERSION=\"1.6.1\"") # what it calls itself
  target_compile_options(opus_bundled PRIVATE -w -O2)
  set_target_properties(opus_bundled PROPERTIES C_STANDARD 99 POSITION_INDEPENDENT_CODE ON)
  if(NOT APPLE)
    target_link_libraries(opus_bundled PUBLIC m) # behind it, wherever a linker puts it
  endif()
  target_link_libraries(hal_lab_opus INTERFACE opus_bundled)
  set(_licence "${_folder}/opus/COPYING")
endif()
if(_licence)
  set(HAL_LAB_OPUS_LICENCE "${CMAKE_BINARY_DIR}/libopus-licence.txt")
  configure_file("${_licence}" "${HAL_LAB_OPUS_LICENCE}" COPYONLY)
else()
  message(WARNING "libopus came without its licence, which belongs into every copy of a driver that "
    "is passed on: name the file with -DHAL_LAB_OPUS_SYSTEM_LICENCE=...")
endif()
if(NOT APPLE)
  target_link_libraries(hal_lab_opus INTERFACE m)
endif()
