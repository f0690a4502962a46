add_library(ballast_options INTERFACE)
target_include_directories(ballast_options INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
target_compile_options(ballast_options INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Werror=switch
                                                 -Werror=return-type -Wno-missing-field-initializers)
if(BALLAST_FUZZ)
  # Ours only: what is generated is compiled as everywhere else.
  target_compile_options(ballast_options INTERFACE -O1 -fno-omit-frame-pointer -fno-sanitize-recover=undefined
                                                   -fsanitize=fuzzer-no-link,address,undefined)
  target_link_options(ballast_options INTERFACE -fsanitize=address,undefined)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  target_compile_options(ballast_options INTERFACE -Wthread-safety -Werror=thread-safety)
endif()

# The platform is not optimised in a Debug build: half of its compile time, and little of what tests spend. The services
# are, as pure rooms are: without it some end-to-end tests took too long (ADR 67).
set(BALLAST_CARRIER_OPTIONS $<$<AND:$<CONFIG:Debug>,$<CXX_COMPILER_ID:Clang>>:-O0>)

# ballast_library(<name> [SRCS …] [DEPS …] [TESTS …] [TEST_DEPS …])
# Target ballast_<name>; each file in TESTS is one test executable linked with gtest_main.
function(ballast_library name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS;TESTS;TEST_DEPS" ${ARGN})
  if(ARG_SRCS)
    add_library(ballast_${name} STATIC ${ARG_SRCS})
    target_link_libraries(ballast_${name} PUBLIC ballast_options ${ARG_DEPS})
    if(name MATCHES "^platform_")
      target_compile_options(ballast_${name} PRIVATE ${BALLAST_CARRIER_OPTIONS})
    endif()
  else()
    add_library(ballast_${name} INTERFACE)
    target_link_libraries(ballast_${name} INTERFACE ballast_options ${ARG_DEPS})
  endif()
  foreach(test ${ARG_TESTS})
    ballast_test(${test} ballast_${name} ${ARG_TEST_DEPS})
  endforeach()
endfunction()

# What every test reads before it reads us, parsed once, and no optimisation of tests: a pure room's file of them takes
# 1.6 s of CPU instead of 7.9 (ADR 67). Those of services read gRPC too.
if(BALLAST_BUILD_TESTS AND CMAKE_CXX_COMPILER_ID MATCHES Clang)
  # All with -pthread, which some of what they link asks for: a precompiled header is of one mind.
  set(BALLAST_TEST_OPTIONS -pthread $<$<CONFIG:Debug>:-O0>)
  foreach(headers test service_test)
    add_library(ballast_${headers}_headers OBJECT ${CMAKE_SOURCE_DIR}/cmake/test_headers.cc)
    target_link_libraries(ballast_${headers}_headers PRIVATE ballast_options GTest::gmock GTest::gtest_main gRPC::grpc++)
    target_compile_options(ballast_${headers}_headers PRIVATE ${BALLAST_TEST_OPTIONS})
    target_precompile_headers(ballast_${headers}_headers PRIVATE
      <gmock/gmock.h> <gtest/gtest.h> <absl/status/statusor.h> <absl/strings/str_cat.h> <algorithm> <atomic> <chrono>
      <deque> <functional> <map> <memory> <mutex> <optional> <set> <string> <thread> <unordered_map> <variant> <vector>)
  endforeach()
  target_precompile_headers(ballast_service_test_headers PRIVATE
    <google/protobuf/map_field_inl.h> <google/protobuf/timestamp.pb.h> <grpcpp/grpcpp.h>
    <grpcpp/support/client_callback.h> <grpcpp/support/server_callback.h>)
endif()

# ballast_test(<file> <dependency>…): the test is named after its folder and file.
function(ballast_test file)
  if(NOT BALLAST_BUILD_TESTS)
    return()
  endif()
  file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  get_filename_component(stem ${file} NAME_WE)
  string(REPLACE "/" "_" target ${folder}_${stem})
  add_executable(${target} ${file})
  set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)
  target_link_libraries(${target} PRIVATE ballast_options ${ARGN} GTest::gmock GTest::gtest_main)
  if(TARGET ballast_test_headers)
    target_compile_options(${target} PRIVATE ${BALLAST_TEST_OPTIONS})
    if(folder MATCHES "^(services|tests|tools)/")
      target_precompile_headers(${target} REUSE_FROM ballast_service_test_headers)
    else()
      target_precompile_headers(${target} REUSE_FROM ballast_test_headers)
    endif()
  endif()
  # One process for a file's tests: each would start its own Postgres otherwise.
  add_test(NAME ${folder}/${stem} COMMAND ${target})
  # The long ones first, or one of them ends alone on the last core.
  if(stem MATCHES "simulation")
    set_tests_properties(${folder}/${stem} PROPERTIES COST 100)
  endif()
  set_tests_properties(${folder}/${stem} PROPERTIES TIMEOUT 900 LABELS unit ENVIRONMENT
    "LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/cmake/lsan.supp:print_suppressions=0;GTEST_OUTPUT=json:${CMAKE_BINARY_DIR}/test-results/${target}.json")
endfunction()

# What services read before they read us, parsed once: a third of what one of their files took (ADR 67). A g++ build has
# none, so a file that forgets an include of its own is found by the build that users make.
if(CMAKE_CXX_COMPILER_ID MATCHES Clang AND NOT BALLAST_FUZZ)
  add_library(ballast_service_headers OBJECT ${CMAKE_SOURCE_DIR}/cmake/test_headers.cc)
  target_link_libraries(ballast_service_headers PRIVATE ballast_options ballast_platform_service ballast_proto
                                                        nlohmann_json::nlohmann_json)
  target_precompile_headers(ballast_service_headers PRIVATE
    <absl/status/statusor.h> <absl/strings/str_cat.h> <algorithm> <atomic> <chrono> <deque> <functional> <map> <memory>
    <mutex> <optional> <set> <string> <thread> <unordered_map> <variant> <vector>
    <google/protobuf/map_field_inl.h> <google/protobuf/timestamp.pb.h> <grpcpp/grpcpp.h>
    <grpcpp/support/client_callback.h> <grpcpp/support/server_callback.h> <nlohmann/json.hpp>)
endif()

# ballast_service(<name> [SRCS …] [DEPS …] [TESTS …]): executable ballast-<name with dashes> from main.cc, and
# library ballast_service_<name> with the rest, so that tests can link it. migrations/*/up.sql are compiled in.
function(ballast_service name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS;TESTS;TEST_DEPS" ${ARGN})
  set(migrations_cc ${CMAKE_CURRENT_BINARY_DIR}/${name}_migrations.cc)
  file(GLOB migration_files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/migrations/*/up.sql)
  add_custom_command(OUTPUT ${migrations_cc}
                     COMMAND ${CMAKE_COMMAND} -DOUTPUT=${migrations_cc} -DSERVICE=${name}
                             "-DFILES=${migration_files}" -P ${CMAKE_SOURCE_DIR}/cmake/EmbedMigrations.cmake
                     DEPENDS ${migration_files} ${CMAKE_SOURCE_DIR}/cmake/EmbedMigrations.cmake VERBATIM)
  add_library(ballast_service_${name} STATIC ${ARG_SRCS} ${migrations_cc})
  target_link_libraries(ballast_service_${name} PUBLIC ballast_options ballast_platform_service ${ARG_DEPS})
  if(TARGET ballast_service_headers)
    target_precompile_headers(ballast_service_${name} REUSE_FROM ballast_service_headers)
  endif()
  string(REPLACE "_" "-" executable ballast-${name})
  add_executable(${executable} main.cc)
  set_target_properties(${executable} PROPERTIES UNITY_BUILD OFF)
  target_link_libraries(${executable} PRIVATE ballast_service_${name})
  # Messages of many small pieces, made by one thread and freed by another: a sixth of what an order costs was glibc's
  # malloc. A sanitizer brings its own.
  if(NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize" AND NOT BALLAST_FUZZ)
    find_library(BALLAST_JEMALLOC jemalloc REQUIRED)
    target_link_libraries(${executable} PRIVATE ${BALLAST_JEMALLOC})
  endif()
  set_target_properties(${executable} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  install(TARGETS ${executable} RUNTIME DESTINATION bin)
  foreach(test ${ARG_TESTS})
    ballast_test(${test} ballast_service_${name} ${ARG_TEST_DEPS})
  endforeach()
endfunction()
