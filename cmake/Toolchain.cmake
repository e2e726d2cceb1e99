# Compiler, linker and cache: what every target is built with.

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(BIA_CCACHE ccache)
if(BIA_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Worktrees of one repository share the cache: paths below the source folder are made relative. The sloppiness is what ccache asks for before it
  # serves sources with a precompiled header; ours (cmake/Precompiled.cmake) hold no time macros.
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros ${BIA_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_C_COMPILER_LAUNCHER})
endif()

find_program(BIA_MOLD mold)
if(BIA_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(bia_warnings INTERFACE)
target_compile_options(bia_warnings INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wshadow;-Wconversion;-Wno-sign-conversion;-Wnon-virtual-dtor;-Woverloaded-virtual>
  $<$<AND:$<BOOL:${BIA_WERROR}>,$<COMPILE_LANGUAGE:CXX>>:-Werror>)
# protobuf's generated and header code is not -Wconversion clean; system headers are, and g++ 12 has false alarms in std::string at -O2.
target_compile_options(bia_warnings INTERFACE
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-restrict;-Wno-maybe-uninitialized;-Wno-stringop-overflow;-Wno-stringop-overread;-Wno-array-bounds;-Wno-dangling-pointer>)

set(CMAKE_C_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")
add_compile_options(-fno-omit-frame-pointer)

if(BIA_ASAN)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -O1 -g1)
  add_link_options(-fsanitize=address,undefined)
endif()
if(BIA_TSAN)
  add_compile_options(-fsanitize=thread -O1 -g1)
  add_link_options(-fsanitize=thread)
endif()
if(BIA_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -O1 -g1)
  # Debian's RapidJSON has a template that clang only takes when it is parsed late.
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fdelayed-template-parsing> $<$<COMPILE_LANGUAGE:CXX>:-Wno-delayed-template-parsing-in-cxx20>)
  add_link_options(-fsanitize=address,undefined)
endif()
