include(GoogleTest)

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

# ballast_library(<name> [SRCS …] [DEPS …] [TESTS …] [TEST_DEPS …])
# Target ballast_<name>; each file in TESTS is one test executable linked with gtest_main.
function(ballast_library name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS;TESTS;TEST_DEPS" ${ARGN})
  if(ARG_SRCS)
    add_library(ballast_${name} STATIC ${ARG_SRCS})
    target_link_libraries(ballast_${name} PUBLIC ballast_options ${ARG_DEPS})
  else()
    add_library(ballast_${name} INTERFACE)
    target_link_libraries(ballast_${name} INTERFACE ballast_options ${ARG_DEPS})
  endif()
  foreach(test ${ARG_TESTS})
    ballast_test(${test} ballast_${name} ${ARG_TEST_DEPS})
  endforeach()
endfunction()

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
  gtest_discover_tests(${target} TEST_PREFIX "${folder}/${stem}:" DISCOVERY_TIMEOUT 60
                       PROPERTIES TIMEOUT 300 LABELS unit
                       ENVIRONMENT LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/cmake/lsan.supp:print_suppressions=0)
endfunction()

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
