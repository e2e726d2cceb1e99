# sucrase_bundle(OUT): the script that strips TypeScript, made of Sucrase's modules; empty where scripts/setup did not fetch them: zelus then
# says so when a script is TypeScript.
function(sucrase_bundle out)
  if(BIA_SUCRASE_SOURCE)
    set(source ${BIA_SUCRASE_SOURCE})
  else()
    set(source ${PROJECT_SOURCE_DIR}/third_party/sucrase/source)
    # A worktree uses what the main checkout fetched.
    if(NOT EXISTS ${source}/dist/index.js)
      execute_process(COMMAND git rev-parse --path-format=absolute --git-common-dir WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
        OUTPUT_VARIABLE common OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
      if(EXISTS ${common}/../third_party/sucrase/source/dist/index.js)
        set(source ${common}/../third_party/sucrase/source)
      endif()
    endif()
  endif()
  set(bundle ${CMAKE_BINARY_DIR}/typescript.js)
  if(EXISTS ${source}/dist/index.js)
    set(script ${PROJECT_SOURCE_DIR}/scripts/bundle_typescript.py)
    add_custom_command(OUTPUT ${bundle} COMMAND Python3::Interpreter ${script} ${source}/dist ${bundle}
      DEPENDS ${script} ${PROJECT_SOURCE_DIR}/scripts/typescript_bundle.js ${source}/dist/index.js VERBATIM)
  else()
    message(WARNING "Sucrase is not at ${source}: zelus will not run TypeScript; run scripts/setup, or pass -DBIA_SUCRASE_SOURCE=DIR")
    file(WRITE ${bundle} "")
  endif()
  set(${out} ${bundle} PARENT_SCOPE)
endfunction()
