# The .proto files that users may import without having them, put into the codec layer: google/protobuf/*, google/{api,rpc,type}/*, grpc's health and
# reflection. From Debian's libprotobuf-dev and grpc-proto, and what cmake/GoogleApis.cmake found.
find_path(BIA_PROTOBUF_SOURCE google/protobuf/descriptor.proto PATHS /usr/include DOC "The folder that holds google/protobuf/descriptor.proto")
find_path(BIA_GRPC_PROTO_SOURCE grpc/health/v1/health.proto PATHS /usr/share/grpc-proto DOC "The folder that holds grpc/health/v1/health.proto")
if(NOT BIA_PROTOBUF_SOURCE OR NOT BIA_GRPC_PROTO_SOURCE)
  message(FATAL_ERROR "google/protobuf or grpc/health protos are nowhere: apt install libprotobuf-dev grpc-proto")
endif()

set(root ${BIA_EMBEDDED_PROTO_DIR})
set(files "")
function(bia_embedded_proto source name)
  configure_file(${source}/${name} ${root}/${name} COPYONLY)
  set(files ${files} ${root}/${name} PARENT_SCOPE)
endfunction()
foreach(name any api descriptor duration empty field_mask source_context struct timestamp type wrappers)
  bia_embedded_proto(${BIA_PROTOBUF_SOURCE} google/protobuf/${name}.proto)
endforeach()
foreach(name IN LISTS BIA_GOOGLE_PROTOS)
  if(EXISTS ${BIA_GOOGLEAPIS_SOURCE}/${name})
    bia_embedded_proto(${BIA_GOOGLEAPIS_SOURCE} ${name})
  else()
    list(APPEND files ${root}/${name})
  endif()
endforeach()
foreach(name health/v1/health reflection/v1/reflection reflection/v1alpha/reflection)
  bia_embedded_proto(${BIA_GRPC_PROTO_SOURCE} grpc/${name}.proto)
endforeach()

set(out ${PROJECT_BINARY_DIR}/embedded)
add_custom_command(
  OUTPUT ${out}/embedded_protos.cc ${out}/embedded_protos.h
  COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/scripts/embed.py --namespace bia::codec --name embedded_protos
          --root ${root} --source ${out}/embedded_protos.cc --header ${out}/embedded_protos.h ${files}
  DEPENDS ${files} ${PROJECT_SOURCE_DIR}/scripts/embed.py VERBATIM)
target_sources(bia_codec PRIVATE ${out}/embedded_protos.cc ${out}/embedded_protos.h)
target_include_directories(bia_codec PRIVATE ${out})
