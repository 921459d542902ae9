# Every header of the SDK compiles alone and with all others, as strict C11 and as C++17, without a
# warning.
get_target_property(include_dir hal_lab::sdk INTERFACE_INCLUDE_DIRECTORIES)
file(GLOB_RECURSE headers RELATIVE "${include_dir}" "${include_dir}/*.h")
list(SORT headers)
if(NOT headers)
  message(FATAL_ERROR "no headers in ${include_dir}")
endif()

function(add_header_library name extension)
  set(all "")
  set(sources "")
  foreach(header IN LISTS headers)
    string(MAKE_C_IDENTIFIER "${header}" identifier)
    set(source "${CMAKE_CURRENT_BINARY_DIR}/${name}/${identifier}.${extension}")
    file(CONFIGURE OUTPUT "${source}" CONTENT "#include <${header}>\n" @ONLY)
    list(APPEND sources "${source}")
    string(APPEND all "#include <${header}>\n")
  endforeach()
  set(source "${CMAKE_CURRENT_BINARY_DIR}/${name}/all.${extension}")
  file(CONFIGURE OUTPUT "${source}" CONTENT "${all}" @ONLY)
  add_library(${name} OBJECT ${sources} "${source}")
  target_link_libraries(${name} PRIVATE hal_lab::sdk)
  target_compile_options(${name} PRIVATE -Wall -Wextra -Wshadow -Werror)
  # Headers of the system are excused from warnings; these are not the system's here.
  set_target_properties(${name} PROPERTIES
    NO_SYSTEM_FROM_IMPORTED ON C_STANDARD 11 C_EXTENSIONS OFF CXX_STANDARD 17 CXX_EXTENSIONS OFF)
endfunction()

add_header_library(headers_c c)
if(CMAKE_CXX_COMPILER)
  add_header_library(headers_cxx cpp)
endif()
