# google/api/{annotations,http}.proto from Debian's package golang-github-grpc-ecosystem-grpc-gateway-dev (scripts/setup installs it).
#   BIA_PROTO_DIR     a folder with just these two, for protoc's -I and for the installation
#   bia::googleapis   their C++, which what protoc makes of a .proto that imports them includes: "google/api/annotations.pb.h"
find_path(BIA_GOOGLEAPIS_SOURCE google/api/annotations.proto
  PATHS /usr/share/gocode/src/github.com/grpc-ecosystem/grpc-gateway/third_party/googleapis
  DOC "The folder that holds google/api/annotations.proto")
if(NOT BIA_GOOGLEAPIS_SOURCE)
  message(FATAL_ERROR "google/api/annotations.proto is nowhere: apt install golang-github-grpc-ecosystem-grpc-gateway-dev, or set "
                      "BIA_GOOGLEAPIS_SOURCE to the folder that holds google/api")
endif()

set(BIA_PROTO_DIR ${PROJECT_BINARY_DIR}/proto)
set(BIA_GOOGLEAPIS_OUT ${PROJECT_BINARY_DIR}/googleapis)
set(googleapis_made "")
foreach(name annotations http)
  configure_file(${BIA_GOOGLEAPIS_SOURCE}/google/api/${name}.proto ${BIA_PROTO_DIR}/google/api/${name}.proto COPYONLY)
  set(made ${BIA_GOOGLEAPIS_OUT}/google/api/${name}.pb.cc ${BIA_GOOGLEAPIS_OUT}/google/api/${name}.pb.h)
  add_custom_command(
    OUTPUT ${made}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${BIA_GOOGLEAPIS_OUT}
    COMMAND protobuf::protoc -I ${BIA_PROTO_DIR} --cpp_out=${BIA_GOOGLEAPIS_OUT} google/api/${name}.proto
    DEPENDS ${BIA_PROTO_DIR}/google/api/${name}.proto protobuf::protoc
    COMMENT "proto google/api/${name}.proto" VERBATIM)
  list(APPEND googleapis_made ${made})
endforeach()
add_library(bia_googleapis STATIC ${googleapis_made})
add_library(bia::googleapis ALIAS bia_googleapis)
target_include_directories(bia_googleapis SYSTEM PUBLIC $<BUILD_INTERFACE:${BIA_GOOGLEAPIS_OUT}> $<INSTALL_INTERFACE:include>)
target_link_libraries(bia_googleapis PUBLIC protobuf::libprotobuf)
