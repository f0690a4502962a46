# Everything comes from Debian 12's packages (scripts/setup installs them).
find_package(Threads REQUIRED)
find_package(absl CONFIG REQUIRED)
find_package(Protobuf REQUIRED)  # module mode: Debian ships no config file
find_package(gRPC CONFIG REQUIRED)
find_package(Boost 1.81 CONFIG REQUIRED)
find_package(spdlog CONFIG REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(yaml-cpp CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(PQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(PQXX REQUIRED IMPORTED_TARGET libpqxx)
# Debian built libpqxx as C++11; without the macro reading NULL as an optional throws at run time.
target_compile_definitions(PkgConfig::PQXX INTERFACE PQXX_HAVE_OPTIONAL)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)  # its CMake config does not configure on Debian 12
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
if(BALLAST_BUILD_TESTS)
  find_package(GTest CONFIG REQUIRED)
endif()
