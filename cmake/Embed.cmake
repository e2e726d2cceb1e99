# bia_embed(TARGET NAMESPACE NAME FILES...): the bytes of files as `std::string_view`s in a generated source, looked up by their path
# relative to the current source folder: `const EmbeddedFile* NAMESPACE::NAME_begin/_end` (see scripts/embed.py for the shape).
find_package(Python3 REQUIRED COMPONENTS Interpreter)
function(bia_embed target namespace name)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embed_${name})
  set(files ${ARGN})
  list(TRANSFORM files PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ REGEX "^[^/]")
  add_custom_command(
    OUTPUT ${out}.cc ${out}/${name}.h
    COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/scripts/embed.py --namespace ${namespace} --name ${name}
            --root ${CMAKE_CURRENT_SOURCE_DIR} --source ${out}.cc --header ${out}/${name}.h ${files}
    DEPENDS ${files} ${PROJECT_SOURCE_DIR}/scripts/embed.py VERBATIM)
  target_sources(${target} PRIVATE ${out}.cc ${out}/${name}.h)
  target_include_directories(${target} PRIVATE ${out})
endfunction()
