# What `cmake --install` gives other CMake projects, as component HalLab: find_package(HalLab), with
# the SDK (not on a Mac) and hal_lab_add_driver(). HalLabInstall.cmake installs what people run.
include(CMakePackageConfigHelpers)

set(HAL_LAB_PACKAGE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/HalLab")

configure_package_config_file(
  "${CMAKE_CURRENT_LIST_DIR}/HalLabConfig.cmake.in" "${PROJECT_BINARY_DIR}/HalLabConfig.cmake"
  INSTALL_DESTINATION "${HAL_LAB_PACKAGE_DIR}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/HalLabConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(
  FILES "${PROJECT_BINARY_DIR}/HalLabConfig.cmake" "${PROJECT_BINARY_DIR}/HalLabConfigVersion.cmake"
        "${CMAKE_CURRENT_LIST_DIR}/HalLabDriver.cmake"
        "${CMAKE_CURRENT_LIST_DIR}/HalLabCheckExports.cmake"
  DESTINATION "${HAL_LAB_PACKAGE_DIR}"
  COMPONENT HalLab)

if(TARGET halsdk)
  # The very file that the daemon loads: a driver that is linked to it finds it loaded already.
  install(TARGETS halsdk EXPORT HalLabTargets
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}/hal-lab" COMPONENT HalLab NAMELINK_SKIP)
  install(EXPORT HalLabTargets NAMESPACE hal_lab:: DESTINATION "${HAL_LAB_PACKAGE_DIR}"
    COMPONENT HalLab)
  # In a folder of its own: these names (pthread.h, dispatch/, ...) must not get in the way of others.
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/sim/sdk/include/"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/halsdk"
    COMPONENT HalLab)
endif()

if(BUILD_TESTING)
  # Another project, against an installed HalLab.
  add_test(NAME package.consumer
    COMMAND "${CMAKE_COMMAND}"
      "-DBUILD_DIR=${PROJECT_BINARY_DIR}"
      "-DWORK_DIR=${PROJECT_BINARY_DIR}/package-test"
      "-DGENERATOR=${CMAKE_GENERATOR}"
      "-DC_COMPILER=${CMAKE_C_COMPILER}"
      "-DSANITIZE=${HAL_LAB_SANITIZE}"
      -P "${PROJECT_SOURCE_DIR}/sim/tests/install/run.cmake")
  set_tests_properties(package.consumer PROPERTIES SKIP_REGULAR_EXPRESSION "SKIPPED: ")

  # What is installed for people, with the licences of what is in it. Below Testing, where nobody
  # looks for what was built.
  add_test(NAME package.licences
    COMMAND "${CMAKE_COMMAND}"
      "-DBUILD_DIR=${PROJECT_BINARY_DIR}"
      "-DWORK_DIR=${PROJECT_BINARY_DIR}/Testing/licences"
      -P "${PROJECT_SOURCE_DIR}/sim/tests/install/wheel.cmake")

  # The same sources for a Mac, as far as that can be seen from here.
  if(TARGET halsdk)
    add_test(NAME darwin.stubs_are_complete
      COMMAND "${CMAKE_COMMAND}" "-DNM=${CMAKE_NM}" "-DLIBRARY=$<TARGET_FILE:halsdk>"
        -P "${CMAKE_CURRENT_LIST_DIR}/darwin/check_stubs.cmake")
  endif()
  find_package(Python3 COMPONENTS Interpreter QUIET)
  if(Python3_FOUND AND NOT APPLE)
    set(check_darwin "${Python3_EXECUTABLE}" "${CMAKE_CURRENT_LIST_DIR}/darwin/check_darwin.py")
    set(tiny "${PROJECT_SOURCE_DIR}/sim/tests/install/consumer/tiny")
    add_test(NAME darwin.c_driver_builds COMMAND ${check_darwin} "${tiny}.c"
      --export Tiny_Create --output "${PROJECT_BINARY_DIR}/darwin-test/tiny")
    add_test(NAME darwin.cxx_driver_builds COMMAND ${check_darwin} "${tiny}_cxx.cpp"
      --export TinyCxx_Create --output "${PROJECT_BINARY_DIR}/darwin-test/tiny_cxx")
    set_tests_properties(darwin.c_driver_builds darwin.cxx_driver_builds PROPERTIES
      SKIP_RETURN_CODE 77)
    # That it can fail: a factory that is not there, a function that macOS does not have.
    add_test(NAME darwin.missing_factory_is_seen COMMAND ${check_darwin} "${tiny}.c"
      --export Tiny_Kreate --output "${PROJECT_BINARY_DIR}/darwin-test/bad")
    set_tests_properties(darwin.missing_factory_is_seen PROPERTIES
      PASS_REGULAR_EXPRESSION "undefined symbol: _Tiny_Kreate" SKIP_RETURN_CODE 77)
    add_test(NAME darwin.unknown_function_is_seen COMMAND ${check_darwin} "${tiny}.c"
      --define CALL_SOMETHING_UNKNOWN --export Tiny_Create
      --output "${PROJECT_BINARY_DIR}/darwin-test/bad")
    set_tests_properties(darwin.unknown_function_is_seen PROPERTIES
      PASS_REGULAR_EXPRESSION "undefined symbol: _there_is_no_such_function" SKIP_RETURN_CODE 77)
  endif()
endif()
