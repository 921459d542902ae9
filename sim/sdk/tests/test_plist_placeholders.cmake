# Run with -P by ctest: which placeholders of an Info.plist template hal_lab_add_driver() fills in, and
# that every other one stops the configuration. DRIVER_MODULE is HalLabDriver.cmake.
#
# A refusal ends the script, so each is tried in a process of its own, with TEMPLATE as its text.
include("${DRIVER_MODULE}")
set(hal_lab_plist_NAME "A & B")
set(hal_lab_plist_CODE "$(NAME)")

if(DEFINED TEMPLATE)
  _hal_lab_fill_placeholders(TEMPLATE "the template")
  return()
endif()

function(expect_filled given expected)
  set(plist "${given}")
  _hal_lab_fill_placeholders(plist "the template")
  if(NOT plist STREQUAL expected)
    message(SEND_ERROR "\"${given}\" became \"${plist}\", not \"${expected}\"")
  endif()
endfunction()

function(expect_refused given named)
  execute_process(
    COMMAND "${CMAKE_COMMAND}" "-DDRIVER_MODULE=${DRIVER_MODULE}" "-DTEMPLATE=${given}"
            -P "${CMAKE_CURRENT_LIST_FILE}"
    RESULT_VARIABLE result ERROR_VARIABLE said OUTPUT_QUIET)
  string(REGEX REPLACE "[ \n]+" " " said "${said}")
  string(FIND "${said}" "placeholders without a value: ${named}" at)
  if(result EQUAL 0 OR at EQUAL -1)
    message(SEND_ERROR "\"${given}\" gave ${result} and \"${said}\", not \"${named}\"")
  endif()
endfunction()

expect_filled("<string>plain, 5 $, {x} (y)</string>" "<string>plain, 5 $, {x} (y)</string>")
expect_filled("<string>$(NAME) \${NAME:upper}</string>" "<string>A &amp; B A &amp; B</string>")
expect_filled("$(NAME:c99extidentifier) $(NAME:rfc1034identifier)" "A___B A---B")
expect_filled("$(CODE)" "$(NAME)")
expect_refused("<string>$(OTHER)</string>" "$(OTHER)")
expect_refused("<string>$(NAME:unheard)</string>" "$(NAME:unheard)")
expect_refused("<string>$(NAME:lower:upper)</string>" "$(NAME:lower:upper)")
expect_refused("<string>\${NAME:default=x}</string>" "\${NAME:default=x}")
expect_refused("<string>$(NAME-2)</string>" "$(NAME-2)")
expect_refused("<string>$(NAME</string>" "$(NAME")
expect_refused("<string>$(OTHER_$(NAME))</string>" "$(OTHER_")
