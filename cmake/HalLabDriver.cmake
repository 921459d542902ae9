# hal_lab_add_driver(): an AudioServerPlugIn bundle, on Linux and on a Mac alike.
#
#   hal_lab_add_driver(
#     NAME <bundle name, without .driver>   may contain spaces
#     SOURCES <file>...
#     INFO_PLIST <template>                 XML; Xcode's placeholders are filled in, see below
#     [TARGET <CMake target>]               default: NAME, with _ for what a target name cannot hold
#     [OUTPUT_NAME <executable>]            default: NAME
#     [BUNDLE_ID <identifier>]              $(PRODUCT_BUNDLE_IDENTIFIER); default local.<target>
#     [VERSION <version>]                   $(MARKETING_VERSION), $(CURRENT_PROJECT_VERSION);
#                                           default: the project's, else 1.0
#     [PLACEHOLDERS <name>=<value>...]      more placeholders, or other values for the known ones
#     [EXPORTS <factory symbol>...]         default: what CFPlugInFactories of the plist names
#     [RESOURCES <file or folder>...]       into Contents/Resources
#     [LIBRARIES <target or library>...]
#     [INSTALL_DESTINATION <folder>         installs <folder>/<NAME>.driver
#      [INSTALL_COMPONENT <component>]])
#
# builds, in the current binary folder,
#
#   <NAME>.driver/Contents/Info.plist
#                          MacOS/<executable>     only the factory symbols are exported
#                          Resources/...
#
# Paths are relative to the current source folder. The bundle's folder is the target property
# HAL_LAB_BUNDLE_DIR, and the variable <target>_BUNDLE_DIR of the caller.
#
# Linux: a shared object against hal_lab::sdk. Mac: an MH_BUNDLE against CoreFoundation and CoreAudio,
# signed with the identity HAL_LAB_CODESIGN_IDENTITY ("-": ad hoc).
#
# Placeholders are written ${NAME} or $(NAME), with Xcode's modifiers :c99extidentifier,
# :rfc1034identifier, :lower, :upper, one at a time. A placeholder that nobody gave a value is a
# configure error, for the bundle would carry it literally and the host would not find its executable;
# so is what only begins like one: $(A:b:c), $(A:default=b), one within another.
include_guard(GLOBAL)

set(HAL_LAB_CODESIGN_IDENTITY "-" CACHE STRING "Who signs drivers on a Mac; - is ad hoc")

# ---- the property list ------------------------------------------------------------------------

function(_hal_lab_apply_modifier value modifier result)
  if(modifier STREQUAL "")
  elseif(modifier STREQUAL "c99extidentifier" OR modifier STREQUAL "identifier")
    string(REGEX REPLACE "[^A-Za-z0-9_]" "_" value "${value}")
  elseif(modifier STREQUAL "rfc1034identifier")
    string(REGEX REPLACE "[^A-Za-z0-9.-]" "-" value "${value}")
  elseif(modifier STREQUAL "lower")
    string(TOLOWER "${value}" value)
  elseif(modifier STREQUAL "upper")
    string(TOUPPER "${value}" value)
  else()
    set(value "${result}-NOTFOUND")
  endif()
  set(${result} "${value}" PARENT_SCOPE)
endfunction()

# Replaces the placeholders of the text in `text_variable`. The value of NAME is the variable
# hal_lab_plist_NAME of the caller.
function(_hal_lab_fill_placeholders text_variable template)
  set(text "${${text_variable}}")
  set(unknown "")
  set(known "\\$[({][A-Za-z_][A-Za-z0-9_]*(:[A-Za-z0-9]*)?[)}]")
  string(REGEX MATCHALL "${known}" found "${text}")
  list(REMOVE_DUPLICATES found)
  # In the template, not in the result: a value may look like anything.
  string(REGEX REPLACE "${known}" "" rest "${text}")
  string(REGEX MATCHALL "\\$[({][^<\n]*" unknown "${rest}")
  foreach(placeholder IN LISTS found)
    string(REGEX MATCH "([A-Za-z0-9_]+):?([A-Za-z0-9]*)" ignored "${placeholder}")
    set(name "${CMAKE_MATCH_1}")
    set(modifier "${CMAKE_MATCH_2}")
    if(NOT DEFINED hal_lab_plist_${name})
      list(APPEND unknown "${placeholder}")
      continue()
    endif()
    _hal_lab_apply_modifier("${hal_lab_plist_${name}}" "${modifier}" value)
    if(value STREQUAL "value-NOTFOUND")
      list(APPEND unknown "${placeholder}")
      continue()
    endif()
    string(REPLACE "&" "&amp;" value "${value}")
    string(REPLACE "<" "&lt;" value "${value}")
    string(REPLACE ">" "&gt;" value "${value}")
    string(REPLACE "${placeholder}" "${value}" text "${text}")
  endforeach()
  if(unknown)
    list(JOIN unknown ", " unknown)
    message(FATAL_ERROR "hal_lab_add_driver: ${template} has placeholders without a value: "
                        "${unknown}. Give them with PLACEHOLDERS name=value.")
  endif()
  set(${text_variable} "${text}" PARENT_SCOPE)
endfunction()

# The functions that the CFPlugInFactories dictionary names.
function(_hal_lab_factories_of_plist text result)
  set(functions "")
  if(text MATCHES "<key>CFPlugInFactories</key>[ \t\r\n]*<dict>(.*)")
    string(REGEX REPLACE "</dict>.*" "" dictionary "${CMAKE_MATCH_1}")
    string(REGEX MATCHALL "<string>[ \t\r\n]*[A-Za-z_][A-Za-z0-9_]*" values "${dictionary}")
    foreach(value IN LISTS values)
      string(REGEX REPLACE "<string>[ \t\r\n]*" "" value "${value}")
      list(APPEND functions "${value}")
    endforeach()
    list(REMOVE_DUPLICATES functions)
  endif()
  set(${result} "${functions}" PARENT_SCOPE)
endfunction()

# ---- the bundle -------------------------------------------------------------------------------

# Copies resources at build time, again when they change. Sets `result` to the copies.
function(_hal_lab_copy_resources resources folder result)
  set(copies "")
  foreach(resource IN LISTS resources)
    get_filename_component(resource "${resource}" ABSOLUTE)
    get_filename_component(base "${resource}" DIRECTORY)
    if(IS_DIRECTORY "${resource}")
      file(GLOB_RECURSE files CONFIGURE_DEPENDS "${resource}/*")
    else()
      set(files "${resource}")
    endif()
    foreach(file IN LISTS files)
      file(RELATIVE_PATH relative "${base}" "${file}")
      add_custom_command(
        OUTPUT "${folder}/${relative}"
        COMMAND "${CMAKE_COMMAND}" -E copy "${file}" "${folder}/${relative}"
        DEPENDS "${file}"
        VERBATIM)
      list(APPEND copies "${folder}/${relative}")
    endforeach()
  endforeach()
  set(${result} "${copies}" PARENT_SCOPE)
endfunction()

# Linux: a version script hides everything but the factories, also what static libraries bring.
function(_hal_lab_link_linux target exports)
  set(script "${CMAKE_CURRENT_BINARY_DIR}/${target}.exports")
  list(JOIN exports "; " names)
  file(CONFIGURE OUTPUT "${script}" CONTENT "{ global: ${names}; local: *; };\n" @ONLY)
  target_link_libraries(${target} PRIVATE hal_lab::sdk)
  target_link_options(${target} PRIVATE "LINKER:--version-script=${script}")
  # A factory that is named but not there is found here and not by the host.
  foreach(symbol IN LISTS exports)
    target_link_options(${target} PRIVATE "LINKER:--undefined=${symbol}")
  endforeach()
  # Nothing can come between a driver and its own functions: let gcc inline as if they were hidden.
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANG_AND_ID:C,GNU>:-fno-semantic-interposition>
    $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-semantic-interposition>)
  # As on a Mac, where an unresolved symbol is an error too. Sanitizers resolve theirs at run time.
  if(NOT HAL_LAB_SANITIZE AND NOT "${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS}" MATCHES "-fsanitize=")
    target_link_options(${target} PRIVATE "LINKER:-z,defs")
  endif()
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS "${script}")
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND "${CMAKE_COMMAND}" "-DNM=${CMAKE_NM}" "-DEXECUTABLE=$<TARGET_FILE:${target}>"
            "-DEXPORTS=${exports}" -P "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/HalLabCheckExports.cmake"
    VERBATIM)
endfunction()

# Mac: what Xcode does for a bundle. Resources come first: the signature covers them.
function(_hal_lab_link_mac target exports bundle copies)
  target_link_libraries(${target} PRIVATE "-framework CoreFoundation" "-framework CoreAudio")
  foreach(symbol IN LISTS exports)
    target_link_options(${target} PRIVATE "LINKER:-exported_symbol,_${symbol}")
  endforeach()
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${copies}
                                                "${bundle}/Contents/Info.plist")
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND codesign --force --sign "${HAL_LAB_CODESIGN_IDENTITY}" "${bundle}"
    VERBATIM)
endfunction()

function(_hal_lab_install target name bundle destination component)
  set(contents "${destination}/${name}.driver/Contents")
  set(into COMPONENT "${component}")
  install(TARGETS ${target} LIBRARY DESTINATION "${contents}/MacOS" ${into})
  install(FILES "${bundle}/Contents/Info.plist" DESTINATION "${contents}" ${into})
  install(DIRECTORY "${bundle}/Contents/Resources" DESTINATION "${contents}" ${into} OPTIONAL)
  if(APPLE)
    # Installing may have edited the executable.
    install(CODE "execute_process(COMMAND codesign --force --sign
      \"${HAL_LAB_CODESIGN_IDENTITY}\"
      \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${destination}/${name}.driver\"
      COMMAND_ERROR_IS_FATAL ANY)" ${into})
  endif()
endfunction()

function(hal_lab_add_driver)
  set(single NAME TARGET OUTPUT_NAME INFO_PLIST BUNDLE_ID VERSION
      INSTALL_DESTINATION INSTALL_COMPONENT)
  set(multiple SOURCES RESOURCES LIBRARIES EXPORTS PLACEHOLDERS)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "${single}" "${multiple}")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "hal_lab_add_driver: unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  foreach(required NAME SOURCES INFO_PLIST)
    if(NOT arg_${required})
      message(FATAL_ERROR "hal_lab_add_driver: ${required} is missing")
    endif()
  endforeach()
  if(NOT arg_TARGET)
    string(REGEX REPLACE "[^A-Za-z0-9_.+-]" "_" arg_TARGET "${arg_NAME}")
  endif()
  if(NOT arg_OUTPUT_NAME)
    set(arg_OUTPUT_NAME "${arg_NAME}")
  endif()
  if(NOT arg_BUNDLE_ID)
    string(REGEX REPLACE "[^A-Za-z0-9.-]" "-" arg_BUNDLE_ID "local.${arg_TARGET}")
  endif()
  if(NOT arg_VERSION)
    set(arg_VERSION 1.0)
    if(PROJECT_VERSION)
      set(arg_VERSION "${PROJECT_VERSION}")
    endif()
  endif()

  # What Xcode would know.
  set(hal_lab_plist_EXECUTABLE_NAME "${arg_OUTPUT_NAME}")
  set(hal_lab_plist_PRODUCT_NAME "${arg_NAME}")
  set(hal_lab_plist_TARGET_NAME "${arg_TARGET}")
  set(hal_lab_plist_FULL_PRODUCT_NAME "${arg_NAME}.driver")
  set(hal_lab_plist_WRAPPER_NAME "${arg_NAME}.driver")
  set(hal_lab_plist_PRODUCT_BUNDLE_IDENTIFIER "${arg_BUNDLE_ID}")
  set(hal_lab_plist_PRODUCT_BUNDLE_PACKAGE_TYPE BNDL)
  set(hal_lab_plist_DEVELOPMENT_LANGUAGE en)
  set(hal_lab_plist_MARKETING_VERSION "${arg_VERSION}")
  set(hal_lab_plist_CURRENT_PROJECT_VERSION "${arg_VERSION}")
  set(hal_lab_plist_MACOSX_DEPLOYMENT_TARGET 11.0) # the first with both architectures
  if(CMAKE_OSX_DEPLOYMENT_TARGET)
    set(hal_lab_plist_MACOSX_DEPLOYMENT_TARGET "${CMAKE_OSX_DEPLOYMENT_TARGET}")
  endif()
  foreach(pair IN LISTS arg_PLACEHOLDERS)
    if(NOT pair MATCHES "^([A-Za-z_][A-Za-z0-9_]*)=(.*)$")
      message(FATAL_ERROR "hal_lab_add_driver: PLACEHOLDERS wants name=value, not \"${pair}\"")
    endif()
    set(hal_lab_plist_${CMAKE_MATCH_1} "${CMAKE_MATCH_2}")
  endforeach()

  get_filename_component(template "${arg_INFO_PLIST}" ABSOLUTE)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${template}")
  file(READ "${template}" plist)
  if(plist MATCHES "^bplist")
    message(FATAL_ERROR "hal_lab_add_driver: ${template} is a binary property list, not XML")
  endif()
  _hal_lab_fill_placeholders(plist "${template}")
  if(NOT arg_EXPORTS)
    _hal_lab_factories_of_plist("${plist}" arg_EXPORTS)
    if(NOT arg_EXPORTS)
      message(FATAL_ERROR "hal_lab_add_driver: CFPlugInFactories of ${template} names no function, "
                          "and EXPORTS is not given: nothing of the driver could be called")
    endif()
  endif()

  set(bundle "${CMAKE_CURRENT_BINARY_DIR}/${arg_NAME}.driver")
  file(GENERATE OUTPUT "${bundle}/Contents/Info.plist" CONTENT "${plist}")
  _hal_lab_copy_resources("${arg_RESOURCES}" "${bundle}/Contents/Resources" copies)

  add_library(${arg_TARGET} MODULE ${arg_SOURCES} ${copies})
  target_link_libraries(${arg_TARGET} PRIVATE ${arg_LIBRARIES})
  set_target_properties(${arg_TARGET} PROPERTIES
    OUTPUT_NAME "${arg_OUTPUT_NAME}"
    PREFIX ""
    SUFFIX ""
    # $<1:...> keeps a generator with several configurations from adding one more folder.
    LIBRARY_OUTPUT_DIRECTORY "$<1:${bundle}/Contents/MacOS>"
    # The list of exports decides what is seen. -fvisibility=hidden would take away the factory of
    # every driver whose source does not mark it, and most do not.
    C_VISIBILITY_PRESET default
    CXX_VISIBILITY_PRESET default
    POSITION_INDEPENDENT_CODE ON
    HAL_LAB_BUNDLE_DIR "${bundle}"
    HAL_LAB_BUNDLE_NAME "${arg_NAME}")
  if(APPLE)
    _hal_lab_link_mac(${arg_TARGET} "${arg_EXPORTS}" "${bundle}" "${copies}")
  else()
    _hal_lab_link_linux(${arg_TARGET} "${arg_EXPORTS}")
  endif()
  if(arg_INSTALL_DESTINATION)
    if(NOT arg_INSTALL_COMPONENT)
      set(arg_INSTALL_COMPONENT Unspecified) # what CMake calls it
    endif()
    _hal_lab_install(${arg_TARGET} "${arg_NAME}" "${bundle}" "${arg_INSTALL_DESTINATION}"
                     "${arg_INSTALL_COMPONENT}")
  endif()
  set(${arg_TARGET}_BUNDLE_DIR "${bundle}" PARENT_SCOPE)
endfunction()
