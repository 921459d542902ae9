# What goes where, for `pip install .` and `cmake --install` alike.
#
#   wheel (component hal_lab_wheel)       prefix
#   scripts/coreaudiod-sim                bin/coreaudiod-sim
#   lab/_native/*.so                      lib/hal-lab/*.so
#   lab/_native/drivers/*.driver          lib/hal-lab/drivers/*.driver
#   lab/_native/drivers/*.why-not         lib/hal-lab/drivers/*.why-not    instead of a driver: a line
#   lab/data/gecko_shm.h                  lib/hal-lab/data/gecko_shm.h
#   lab/data/profiles/*.toml              lib/hal-lab/data/profiles/*.toml
#
# Included last: the targets exist by then. A part that is not built is left out. What other projects
# build with is HalLabPackage.cmake's.

if(SKBUILD)
  set(hal_lab_bin_dir "${SKBUILD_SCRIPTS_DIR}")
  set(hal_lab_native_dir "lab/_native")
  set(hal_lab_data_dir "lab/data")
else()
  set(hal_lab_bin_dir "${CMAKE_INSTALL_BINDIR}")
  set(hal_lab_native_dir "${CMAKE_INSTALL_LIBDIR}/hal-lab")
  set(hal_lab_data_dir "${hal_lab_native_dir}/data")
endif()

if(APPLE)
  set(hal_lab_origin "@loader_path")
else()
  set(hal_lab_origin "$ORIGIN")
endif()

# ---- libraries and the executable -------------------------------------------------------------

# The executable is found in the environment's bin folder, its libraries in the package. The wheel
# does not know which Python it will be installed for, so every one that could be is on the list.
set(hal_lab_exe_rpath "${hal_lab_origin}" "${hal_lab_origin}/../${CMAKE_INSTALL_LIBDIR}/hal-lab")
foreach(minor RANGE 11 19)
  list(APPEND hal_lab_exe_rpath
    "${hal_lab_origin}/../lib/python3.${minor}/site-packages/lab/_native"
    "${hal_lab_origin}/../lib/python3.${minor}/dist-packages/lab/_native")
endforeach()

# One file name per library, the one that the loader asks for: a wheel is a zip file and would keep a
# link as a second copy. hallab_native is asked for by its plain name, from Python.
if(TARGET hallab_native)
  set_property(TARGET hallab_native PROPERTY VERSION)
  set_property(TARGET hallab_native PROPERTY SOVERSION)
endif()
foreach(library halsdk halsim hallab_native)
  if(TARGET ${library})
    get_target_property(soversion ${library} SOVERSION)
    if(NOT soversion MATCHES "NOTFOUND") # 0 is a version
      set_target_properties(${library} PROPERTIES VERSION ${soversion})
    endif()
    set_target_properties(${library} PROPERTIES INSTALL_RPATH "${hal_lab_origin}")
    install(TARGETS ${library}
      LIBRARY DESTINATION "${hal_lab_native_dir}" COMPONENT hal_lab_wheel NAMELINK_SKIP)
  endif()
endforeach()

if(TARGET coreaudiod-sim)
  set_target_properties(coreaudiod-sim PROPERTIES INSTALL_RPATH "${hal_lab_exe_rpath}")
  install(TARGETS coreaudiod-sim
    RUNTIME DESTINATION "${hal_lab_bin_dir}" COMPONENT hal_lab_wheel)
endif()

install(FILES "${PROJECT_SOURCE_DIR}/driver/gecko/include/gecko/gecko_shm.h"
  DESTINATION "${hal_lab_data_dir}" COMPONENT hal_lab_wheel)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/sim/profiles"
  DESTINATION "${hal_lab_data_dir}" COMPONENT hal_lab_wheel FILES_MATCHING PATTERN "*.toml")

# ---- the drivers, as bundles ------------------------------------------------------------------

foreach(driver GeckoAudioDevice BungholeAudio)
  if(TARGET ${driver})
    get_target_property(bundle ${driver} HAL_LAB_BUNDLE_DIR)
    get_target_property(name ${driver} HAL_LAB_BUNDLE_NAME)
    set(contents "${hal_lab_native_dir}/drivers/${name}.driver/Contents")
    set_target_properties(${driver} PROPERTIES INSTALL_RPATH "${hal_lab_origin}/../../../..")
    install(TARGETS ${driver}
      LIBRARY DESTINATION "${contents}/MacOS" COMPONENT hal_lab_wheel)
    install(FILES "${bundle}/Contents/Info.plist"
      DESTINATION "${contents}" COMPONENT hal_lab_wheel)
    install(DIRECTORY "${bundle}/Contents/Resources"
      DESTINATION "${contents}" COMPONENT hal_lab_wheel OPTIONAL)
    if(APPLE)
      # Installing edits the run path, and with it the signature.
      install(CODE "execute_process(COMMAND codesign --force --sign
        \"${HAL_LAB_CODESIGN_IDENTITY}\"
        \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${hal_lab_native_dir}/drivers/${name}.driver\"
        COMMAND_ERROR_IS_FATAL ANY)" COMPONENT hal_lab_wheel)
    endif()
  endif()
endforeach()
if(NOT TARGET BungholeAudio)
  install(FILES "${BUNGHOLE_WHY_NOT}"
    DESTINATION "${hal_lab_native_dir}/drivers" COMPONENT hal_lab_wheel)
endif()
