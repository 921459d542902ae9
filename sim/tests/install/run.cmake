# Installs HalLab from BUILD_DIR into a folder of its own, then configures, builds and checks the
# project in consumer/ against it, as a driver author would.
#
#   cmake -DBUILD_DIR=... -DWORK_DIR=... -DGENERATOR=... -DC_COMPILER=... [-DSANITIZE=...] -P run.cmake
cmake_minimum_required(VERSION 3.24)

if(SANITIZE)
  message("SKIPPED: the package is the same with and without sanitizers")
  return()
endif()

set(prefix "${WORK_DIR}/prefix")
set(build "${WORK_DIR}/build")
set(source "${CMAKE_CURRENT_LIST_DIR}/consumer")

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output
                  ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\n${output}")
  endif()
endfunction()

# The command must fail, and say `text`. (CMake breaks the lines of its messages.)
function(run_must_fail text)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output
                  ERROR_VARIABLE output)
  string(REGEX REPLACE "[ \n]+" " " output "${output}")
  string(FIND "${output}" "${text}" position)
  if(status EQUAL 0 OR position EQUAL -1)
    message(FATAL_ERROR "expected a failure that says \"${text}\", got ${status}:\n${output}")
  endif()
endfunction()

function(must_exist file)
  if(NOT EXISTS "${file}")
    message(FATAL_ERROR "${file} is missing")
  endif()
endfunction()

function(file_must_contain file text)
  must_exist("${file}")
  file(READ "${file}" content)
  string(FIND "${content}" "${text}" position)
  if(position EQUAL -1)
    message(FATAL_ERROR "${file} does not contain \"${text}\":\n${content}")
  endif()
endfunction()

file(REMOVE_RECURSE "${WORK_DIR}")
run("${CMAKE_COMMAND}" --install "${BUILD_DIR}" --prefix "${prefix}" --component HalLab)

set(cxx_compiler "")
get_filename_component(c_name "${C_COMPILER}" NAME)
if(c_name MATCHES "^clang")
  string(REPLACE "clang" "clang++" cxx_name "${c_name}")
  find_program(CXX_COMPILER "${cxx_name}")
  if(CXX_COMPILER)
    set(cxx_compiler "-DCMAKE_CXX_COMPILER=${CXX_COMPILER}")
  endif()
endif()
set(configure "${CMAKE_COMMAND}" -S "${source}" -G "${GENERATOR}" "-DCMAKE_PREFIX_PATH=${prefix}"
    "-DCMAKE_C_COMPILER=${C_COMPILER}" ${cxx_compiler})

run(${configure} -B "${build}" "-DCMAKE_INSTALL_PREFIX=${WORK_DIR}/drivers")
run("${CMAKE_COMMAND}" --build "${build}")

# The bundle: names from the call, the executable named as in the plist, all placeholders filled.
set(contents "${build}/Tiny Driver.driver/Contents")
set(plist "${contents}/Info.plist")
must_exist("${contents}/MacOS/tiny")
file_must_contain("${contents}/Resources/tiny.txt" "a resource")
file_must_contain("${contents}/Resources/en.lproj/Localizable.strings" "DeviceName")
file_must_contain("${plist}" "<string>tiny</string>")
file_must_contain("${plist}" "<string>org.example.tiny</string>")
file_must_contain("${plist}" "<string>Tiny Driver &amp; Sons 2.3</string>")
file_must_contain("${plist}" "<string>Tiny-Driver Tiny_Driver</string>")
file_must_contain("${plist}" "<string>11.0</string>")
file(READ "${plist}" content)
if(content MATCHES "\\$[({]")
  message(FATAL_ERROR "${plist} still has a placeholder:\n${content}")
endif()

# They load, their factories answer, and nothing else of them can be seen.
run("${build}/load" "${contents}/MacOS/tiny" Tiny_Create)
if(EXISTS "${build}/TinyCxx.driver")
  run("${build}/load" "${build}/TinyCxx.driver/Contents/MacOS/TinyCxx" TinyCxx_Create)
else()
  message("no C++ compiler: the C++ part was left out")
endif()

# A changed resource is copied again.
file(WRITE "${WORK_DIR}/extra.txt" "first")
run(${configure} -B "${WORK_DIR}/changed" "-DEXTRA_RESOURCE=${WORK_DIR}/extra.txt")
run("${CMAKE_COMMAND}" --build "${WORK_DIR}/changed" --target Tiny_Driver)
execute_process(COMMAND "${CMAKE_COMMAND}" -E sleep 1.1) # make's clock has seconds
file(WRITE "${WORK_DIR}/extra.txt" "second")
run("${CMAKE_COMMAND}" --build "${WORK_DIR}/changed" --target Tiny_Driver)
file_must_contain("${WORK_DIR}/changed/Tiny Driver.driver/Contents/Resources/extra.txt" "second")

# Installed, it is the same bundle.
run("${CMAKE_COMMAND}" --install "${build}")
set(installed "${WORK_DIR}/drivers/HAL/Tiny Driver.driver/Contents")
must_exist("${installed}/Info.plist")
must_exist("${installed}/Resources/en.lproj/Localizable.strings")
run("${build}/load" "${installed}/MacOS/tiny" Tiny_Create)

# Mistakes are named when they are made.
run_must_fail("Bad-Info.plist has placeholders without a value: \$(UNHEARD_OF), \${PRODUCT_NAME:mirrored}"
  ${configure} -B "${WORK_DIR}/bad" -DMISTAKE=placeholder)
run_must_fail("names no function" ${configure} -B "${WORK_DIR}/bad" -DMISTAKE=no-factory)
run_must_fail("INFO_PLIST is missing" ${configure} -B "${WORK_DIR}/bad" -DMISTAKE=no-plist)
run_must_fail("unknown arguments SORCES" ${configure} -B "${WORK_DIR}/bad" -DMISTAKE=spelling)
run(${configure} -B "${WORK_DIR}/bad" -DMISTAKE=wrong-symbol)
run_must_fail("Tiny_Kreate" "${CMAKE_COMMAND}" --build "${WORK_DIR}/bad" --target mistake)
run(${configure} -B "${WORK_DIR}/bad" -DMISTAKE=unresolved)
run_must_fail("there_is_no_such_function" "${CMAKE_COMMAND}" --build "${WORK_DIR}/bad" --target mistake)
