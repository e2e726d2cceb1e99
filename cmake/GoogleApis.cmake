# Google's common protos, from Debian's packages golang-github-grpc-ecosystem-grpc-gateway-dev (google/api/{annotations,http}.proto) and
# golang-google-genproto-dev (the others, whose descriptors are taken out of its Go sources). scripts/setup installs both.
#   BIA_PROTO_DIR       a folder with them all, for protoc's -I and for the installation
#   BIA_GOOGLE_PROTOS   their names in it
#   bia::googleapis     the C++ of google/api, which what protoc makes of a .proto that imports them includes: "google/api/annotations.pb.h"
find_path(BIA_GOOGLEAPIS_SOURCE google/api/annotations.proto
  PATHS /usr/share/gocode/src/github.com/grpc-ecosystem/grpc-gateway/third_party/googleapis
  DOC "The folder that holds google/api/annotations.proto")
find_path(BIA_GENPROTO_SOURCE api/httpbody/httpbody.pb.go
  PATHS /usr/share/gocode/src/google.golang.org/genproto/googleapis
  DOC "The folder googleapis of Go's genproto")
if(NOT BIA_GOOGLEAPIS_SOURCE OR NOT BIA_GENPROTO_SOURCE)
  message(FATAL_ERROR "google/api protos are nowhere: apt install golang-github-grpc-ecosystem-grpc-gateway-dev golang-google-genproto-dev, "
                      "or set BIA_GOOGLEAPIS_SOURCE and BIA_GENPROTO_SOURCE")
endif()

set(BIA_PROTO_DIR ${PROJECT_BINARY_DIR}/proto)
set(BIA_GOOGLE_PROTOS google/api/annotations.proto google/api/http.proto)
foreach(name IN LISTS BIA_GOOGLE_PROTOS)
  configure_file(${BIA_GOOGLEAPIS_SOURCE}/${name} ${BIA_PROTO_DIR}/${name} COPYONLY)
endforeach()

set(from_go
  google/api/client.proto google/api/field_behavior.proto google/api/httpbody.proto google/api/resource.proto
  google/rpc/code.proto google/rpc/error_details.proto google/rpc/status.proto
  google/type/calendar_period.proto google/type/color.proto google/type/date.proto google/type/datetime.proto google/type/dayofweek.proto
  google/type/expr.proto google/type/fraction.proto google/type/latlng.proto google/type/money.proto google/type/month.proto
  google/type/postal_address.proto google/type/quaternion.proto google/type/timeofday.proto)
# Once for protoc and the installation, once beside the others that the codec layer embeds (cmake/EmbeddedProtos.cmake).
set(BIA_EMBEDDED_PROTO_DIR ${PROJECT_BINARY_DIR}/embedded_protos)
set(from_go_paths "")
foreach(name IN LISTS from_go)
  list(APPEND from_go_paths ${BIA_PROTO_DIR}/${name} ${BIA_EMBEDDED_PROTO_DIR}/${name})
endforeach()
add_executable(proto-text ${PROJECT_SOURCE_DIR}/tools/proto-text/main.cc)
target_link_libraries(proto-text PRIVATE protobuf::libprotobuf bia_warnings)
add_custom_command(
  OUTPUT ${from_go_paths}
  COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/scripts/go_descriptors.py --source ${BIA_GENPROTO_SOURCE} --out ${PROJECT_BINARY_DIR}/google.desc ${from_go}
  COMMAND proto-text ${PROJECT_BINARY_DIR}/google.desc ${BIA_PROTO_DIR}
  COMMAND proto-text ${PROJECT_BINARY_DIR}/google.desc ${BIA_EMBEDDED_PROTO_DIR}
  DEPENDS ${PROJECT_SOURCE_DIR}/scripts/go_descriptors.py proto-text
  COMMENT "google/{api,rpc,type} protos from genproto" VERBATIM)
list(APPEND BIA_GOOGLE_PROTOS ${from_go})

# The options that the generator knows besides: Kratos' for enums of errors, protoc-gen-validate's and protovalidate's for fields.
foreach(name errors/errors.proto validate/validate.proto buf/validate/validate.proto)
  foreach(folder ${BIA_PROTO_DIR} ${BIA_EMBEDDED_PROTO_DIR})
    configure_file(${PROJECT_SOURCE_DIR}/tools/protoc-gen-bia/proto/${name} ${folder}/${name} COPYONLY)
  endforeach()
  list(APPEND BIA_GOOGLE_PROTOS ${name})
endforeach()

set(BIA_GOOGLEAPIS_OUT ${PROJECT_BINARY_DIR}/googleapis)
set(googleapis_made "")
foreach(name google/api/annotations google/api/http google/api/client google/api/field_behavior google/api/httpbody google/api/resource errors/errors validate/validate buf/validate/validate)
  set(made ${BIA_GOOGLEAPIS_OUT}/${name}.pb.cc ${BIA_GOOGLEAPIS_OUT}/${name}.pb.h)
  add_custom_command(
    OUTPUT ${made}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${BIA_GOOGLEAPIS_OUT}
    COMMAND protobuf::protoc -I ${BIA_PROTO_DIR} --cpp_out=${BIA_GOOGLEAPIS_OUT} ${name}.proto
    DEPENDS ${BIA_PROTO_DIR}/${name}.proto protobuf::protoc
    COMMENT "proto ${name}.proto" VERBATIM)
  list(APPEND googleapis_made ${made})
endforeach()
add_library(bia_googleapis STATIC ${googleapis_made})
add_library(bia::googleapis ALIAS bia_googleapis)
target_include_directories(bia_googleapis SYSTEM PUBLIC $<BUILD_INTERFACE:${BIA_GOOGLEAPIS_OUT}> $<INSTALL_INTERFACE:include>)
target_link_libraries(bia_googleapis PUBLIC protobuf::libprotobuf)
