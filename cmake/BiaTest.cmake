# bia_add_test(TARGET LINK LIBRARY… SOURCES FILE…)
#   a program TARGET of GoogleTest tests, each of them one of ctest's (ctest --test-dir build).
#   Nothing where there are no files or BUILD_TESTING is OFF; a warning where GoogleTest is missing.
# Works in bia's own tree and, installed, after find_package(bia).

option(BUILD_TESTING "Build the tests" ON)
if(BUILD_TESTING)
  enable_testing()  # of no effect within a function
endif()

function(bia_add_test target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LINK;SOURCES")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "bia_add_test(${target}): unexpected ${arg_UNPARSED_ARGUMENTS}; write bia_add_test(${target} LINK my_parts SOURCES a_test.cc)")
  endif()
  if(NOT BUILD_TESTING OR NOT arg_SOURCES)
    return()
  endif()
  string(REGEX REPLACE "_test$" "" prefix ${target})
  find_package(GTest)
  if(NOT GTest_FOUND)
    message(WARNING "${prefix} is built without its tests: GoogleTest is missing (Debian: libgtest-dev)")
    return()
  endif()
  include(GoogleTest)
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE ${arg_LINK} GTest::gtest_main)
  gtest_discover_tests(${target} TEST_PREFIX ${prefix}: DISCOVERY_TIMEOUT 60)
endfunction()
