# The target `quickjs`: include folder and the helper sources. quickjs.c itself is compiled inside src/js, where one file of ours includes it
# and adds the accessors that a shared runtime needs; the source stays unmodified.
if(BIA_QUICKJS_SOURCE)
  set(QUICKJS_SOURCE ${BIA_QUICKJS_SOURCE})
else()
  set(QUICKJS_SOURCE ${CMAKE_CURRENT_LIST_DIR}/source)
endif()
if(NOT EXISTS ${QUICKJS_SOURCE}/quickjs.c)
  message(FATAL_ERROR "QuickJS-NG is not at ${QUICKJS_SOURCE}; run scripts/setup, or pass -DBIA_QUICKJS_SOURCE=DIR")
endif()
add_library(quickjs STATIC ${QUICKJS_SOURCE}/libregexp.c ${QUICKJS_SOURCE}/libunicode.c ${QUICKJS_SOURCE}/dtoa.c)
target_include_directories(quickjs SYSTEM PUBLIC $<BUILD_INTERFACE:${QUICKJS_SOURCE}>)
target_compile_definitions(quickjs PUBLIC _GNU_SOURCE)
target_compile_options(quickjs PRIVATE -w -fno-sanitize=undefined)
target_link_libraries(quickjs PUBLIC m Threads::Threads)
# QuickJS is not warning-free, relies on wrapping arithmetic that UBSan reports, and is too slow without optimisation to test anything with.
# Its functions are public, and position independent code calls and inlines none of those directly unless told that nobody replaces them (-3 % instructions).
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/js/engine.c PROPERTIES COMPILE_OPTIONS "-w;-O2;-fno-sanitize=undefined;-fno-semantic-interposition")
