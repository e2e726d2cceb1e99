# What nearly every source includes, parsed once: half the time of a small source, three quarters of a small test (docs/benchmarks.md, "Build").
#   bia_std_pch    the standard library, for the layers (-fPIC)
#   bia_test_pch   the same and gmock, for the units' programs (-fPIE)
# Sources still include what they use: the header weight check and clang's builds go without.
set(std_headers <algorithm> <array> <atomic> <chrono> <cstdint> <cstring> <functional> <map> <memory> <optional> <string> <string_view>
    <unordered_map> <utility> <variant> <vector>)

function(bia_precompiled target)
  file(WRITE ${PROJECT_BINARY_DIR}/pch/${target}.cc "")
  add_library(${target} OBJECT ${PROJECT_BINARY_DIR}/pch/${target}.cc)
  target_link_libraries(${target} PRIVATE bia_warnings)
  target_compile_features(${target} PRIVATE cxx_std_20)
  target_precompile_headers(${target} PRIVATE ${ARGN})
endfunction()

# What tests do is soon done, and compiling it is a third of a build: no optimisation. The sanitizers' builds have their own level.
set(bia_test_options "")
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT BIA_ASAN AND NOT BIA_TSAN)
  set(bia_test_options -O0)
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  bia_precompiled(bia_std_pch ${std_headers})
  if(BIA_TESTS)
    bia_precompiled(bia_test_pch ${std_headers} <gmock/gmock.h> <gtest/gtest.h>)
    # An object library is position independent code for libraries unless told.
    set_target_properties(bia_test_pch PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(bia_test_pch PRIVATE -fPIE ${bia_test_options})
    target_link_libraries(bia_test_pch PRIVATE GTest::gmock)
  endif()
endif()
