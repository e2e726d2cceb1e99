# cmake --install: the programs, and for authors of services the libraries, headers, generator, find_package(bia) and bia.pc. The build
# folder itself serves find_package(bia) too (-Dbia_DIR=build/release), which is how `bia run` works before any installation.
include(CMakePackageConfigHelpers)

set(bia_installed_layers base fiber codec cel metrics net http grpc bia)
set(bia_installed_targets bia_googleapis bia_warnings)
foreach(layer IN LISTS bia_installed_layers)
  bia_target_name(${layer} target)
  list(APPEND bia_installed_targets ${target})
  string(REGEX REPLACE "^bia_" "" short ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${short})
endforeach()
set_target_properties(bia_googleapis PROPERTIES EXPORT_NAME googleapis)
set_target_properties(bia_warnings PROPERTIES EXPORT_NAME warnings)
if(TARGET protoc-gen-bia)
  list(APPEND bia_installed_targets protoc-gen-bia)
endif()

# What `make` builds: all that is installed, and the example.
add_custom_target(programs DEPENDS ${bia_installed_targets} bia zelus helloworld)

set(bia_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/bia)
install(TARGETS ${bia_installed_targets} EXPORT biaTargets)
foreach(program bia zelus)
  if(TARGET ${program})
    install(TARGETS ${program})
  endif()
endforeach()
foreach(layer IN LISTS bia_installed_layers)
  if(EXISTS ${PROJECT_SOURCE_DIR}/include/bia/${layer})
    install(DIRECTORY include/bia/${layer} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/bia)
  endif()
endforeach()
install(DIRECTORY ${CMAKE_BINARY_DIR}/googleapis/google ${CMAKE_BINARY_DIR}/googleapis/errors ${CMAKE_BINARY_DIR}/googleapis/validate ${CMAKE_BINARY_DIR}/googleapis/buf DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.pb.h")
install(DIRECTORY ${BIA_PROTO_DIR}/google ${BIA_PROTO_DIR}/errors ${BIA_PROTO_DIR}/validate ${BIA_PROTO_DIR}/buf DESTINATION ${CMAKE_INSTALL_DATADIR}/bia/proto)

# Installed, the configuration finds the .proto files from its own place; in the build folder they lie beside it.
set(BIA_CONFIG_PROTO_DIR ${CMAKE_INSTALL_DATADIR}/bia/proto)
configure_package_config_file(cmake/biaConfig.cmake.in ${CMAKE_BINARY_DIR}/installed/biaConfig.cmake
  INSTALL_DESTINATION ${bia_cmake_dir} PATH_VARS BIA_CONFIG_PROTO_DIR)
set(BIA_CONFIG_PROTO_DIR ${BIA_PROTO_DIR})
configure_package_config_file(cmake/biaConfig.cmake.in ${CMAKE_BINARY_DIR}/biaConfig.cmake
  INSTALL_DESTINATION ${CMAKE_BINARY_DIR} INSTALL_PREFIX ${CMAKE_BINARY_DIR} PATH_VARS BIA_CONFIG_PROTO_DIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/biaConfigVersion.cmake VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
configure_file(cmake/BiaProto.cmake ${CMAKE_BINARY_DIR}/BiaProto.cmake COPYONLY)
configure_file(cmake/BiaTest.cmake ${CMAKE_BINARY_DIR}/BiaTest.cmake COPYONLY)
install(FILES ${CMAKE_BINARY_DIR}/installed/biaConfig.cmake ${CMAKE_BINARY_DIR}/biaConfigVersion.cmake cmake/BiaProto.cmake cmake/BiaTest.cmake DESTINATION ${bia_cmake_dir})
install(EXPORT biaTargets NAMESPACE bia:: DESTINATION ${bia_cmake_dir})
export(EXPORT biaTargets NAMESPACE bia:: FILE ${CMAKE_BINARY_DIR}/biaTargets.cmake)

# A static archive's users link in this order: each before what it needs.
set(BIA_PC_LIBS "")
foreach(layer bia grpc http net fiber metrics cel codec base)
  if(EXISTS ${PROJECT_SOURCE_DIR}/src/${layer})
    string(APPEND BIA_PC_LIBS " -lbia_${layer}")
  endif()
endforeach()
string(APPEND BIA_PC_LIBS " -lbia_googleapis")
configure_file(cmake/bia.pc.in ${CMAKE_BINARY_DIR}/bia.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/bia.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
