# bia_add_proto(TARGET [ROOT DIR] [IMPORT_DIRS DIR…] [MESSAGES_ONLY] [OPTIONS NAME=VALUE…] PROTOS FILE…)
#   a static library TARGET of the C++ that protoc and protoc-gen-bia write from the files: messages, JSON, services, clients.
#   ROOT           where names in `import` begin (default: the current folder): ROOT/a/v1/b.proto is included as "a/v1/b.bia.h"
#   IMPORT_DIRS    more folders for imports; google/api and google/protobuf are found without
#   OPTIONS        of protoc-gen-bia: omitempty=false serves rpcs without google.api.http as POST /pkg.Service/Method, below omitempty_prefix=/rpc
#   MESSAGES_ONLY  protoc's C++ alone ("a/v1/b.pb.h"), e.g. for a configuration's schema
# Works in bia's own tree and, installed, after find_package(bia).

function(bia_add_proto target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "MESSAGES_ONLY" "ROOT" "PROTOS;IMPORT_DIRS;OPTIONS")
  if(arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "bia_add_proto(${target}): unexpected ${arg_UNPARSED_ARGUMENTS} ${arg_KEYWORDS_MISSING_VALUES}; write bia_add_proto(${target} ROOT api PROTOS api/x/v1/x.proto)")
  endif()
  if(NOT arg_PROTOS)
    message(FATAL_ERROR "bia_add_proto(${target}): no PROTOS")
  endif()
  if(NOT arg_ROOT)
    set(arg_ROOT ${CMAKE_CURRENT_SOURCE_DIR})
  endif()
  cmake_path(ABSOLUTE_PATH arg_ROOT BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE OUTPUT_VARIABLE root)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${target}_proto)
  set(imports -I ${root})
  foreach(folder IN LISTS arg_IMPORT_DIRS)
    cmake_path(ABSOLUTE_PATH folder BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE)
    list(APPEND imports -I ${folder})
  endforeach()
  list(APPEND imports -I ${BIA_PROTO_DIR})

  set(plugin "")
  set(plugin_depends "")
  set(suffixes .pb)
  if(NOT arg_MESSAGES_ONLY)
    set(generator protoc-gen-bia)
    if(TARGET bia::protoc-gen-bia)
      set(generator bia::protoc-gen-bia)
    endif()
    set(plugin --plugin=protoc-gen-bia=$<TARGET_FILE:${generator}> --bia_out=${out})
    foreach(option IN LISTS arg_OPTIONS)
      list(APPEND plugin --bia_opt=${option})
    endforeach()
    set(plugin_depends ${generator})
    list(APPEND suffixes .bia)
  endif()

  set(sources "")
  foreach(proto IN LISTS arg_PROTOS)
    cmake_path(ABSOLUTE_PATH proto BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE)
    cmake_path(IS_PREFIX root ${proto} below)
    if(NOT below)
      message(FATAL_ERROR "bia_add_proto(${target}): ${proto} is not below ROOT ${root}")
    endif()
    if(NOT EXISTS ${proto})
      message(FATAL_ERROR "bia_add_proto(${target}): there is no ${proto}")
    endif()
    cmake_path(RELATIVE_PATH proto BASE_DIRECTORY ${root} OUTPUT_VARIABLE name)
    string(REGEX REPLACE "\\.proto$" "" stem ${name})
    set(made "")
    foreach(suffix IN LISTS suffixes)
      list(APPEND made ${out}/${stem}${suffix}.cc ${out}/${stem}${suffix}.h)
    endforeach()
    add_custom_command(
      OUTPUT ${made}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${out}
      COMMAND protobuf::protoc ${imports} --cpp_out=${out} ${plugin} ${name}
      DEPENDS ${proto} protobuf::protoc ${plugin_depends}
      COMMENT "proto ${name}" VERBATIM)
    list(APPEND sources ${made})
  endforeach()

  add_library(${target} STATIC ${sources})
  target_include_directories(${target} SYSTEM PUBLIC ${out})
  # The C++ of the options that a message may import: google/api, errors, validate.
  target_link_libraries(${target} PUBLIC bia::googleapis protobuf::libprotobuf)
  target_compile_features(${target} PUBLIC cxx_std_20)
  if(NOT arg_MESSAGES_ONLY)
    target_link_libraries(${target} PUBLIC bia::bia)
  endif()
endfunction()
