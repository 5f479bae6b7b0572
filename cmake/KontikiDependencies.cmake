# The Debian packages of setup.sh as targets kontiki_lib_<name>, the names that kontiki_module(LIBS ...) takes.
# All headers are SYSTEM, so our warnings do not look into them.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# kontiki_external(<name> PKG <pkg-config modules...> | LINK <libraries...>)
function(kontiki_external name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "PKG;LINK")
  add_library(kontiki_lib_${name} INTERFACE)
  if(arg_PKG)
    pkg_check_modules(EXT_${name} REQUIRED QUIET IMPORTED_TARGET ${arg_PKG})
    list(APPEND arg_LINK PkgConfig::EXT_${name})
  endif()
  target_link_libraries(kontiki_lib_${name} INTERFACE ${arg_LINK})
endfunction()

kontiki_external(fmt PKG fmt)
kontiki_external(isal PKG libisal)
kontiki_external(xxhash PKG libxxhash)
kontiki_external(zlib PKG zlib)
kontiki_external(zstd PKG libzstd)
kontiki_external(lz4 PKG liblz4)
kontiki_external(snappy LINK snappy)
kontiki_external(spdlog PKG spdlog)
kontiki_external(prometheus LINK prometheus-cpp-core)
kontiki_external(cli11 PKG CLI11)
kontiki_external(yaml PKG yaml-cpp)
kontiki_external(rdkafka PKG rdkafka)
kontiki_external(rdkafka++ PKG rdkafka++)  # tests/clients only
kontiki_external(openssl PKG openssl)
kontiki_external(asio LINK Threads::Threads)  # Boost.Asio is headers only

# Boost.Asio: compile its code once per binary is not worth a separate library yet; cut the parts that we do not use.
target_compile_definitions(kontiki_lib_asio INTERFACE BOOST_ASIO_NO_DEPRECATED)

# Boost.JSON without its Debian library, which is a package of its own: its code is compiled here, once.
add_library(kontiki_lib_json STATIC ${PROJECT_SOURCE_DIR}/cmake/boost_json.cc)
set_target_properties(kontiki_lib_json PROPERTIES ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

# The allocator of the programs that are measured and used; sanitizers bring their own.
add_library(kontiki_lib_jemalloc INTERFACE)
if(NOT KONTIKI_SANITIZE)
  pkg_check_modules(EXT_jemalloc REQUIRED QUIET IMPORTED_TARGET jemalloc)
  target_sources(kontiki_lib_jemalloc INTERFACE ${PROJECT_SOURCE_DIR}/cmake/allocator.cc)
  target_link_libraries(kontiki_lib_jemalloc INTERFACE PkgConfig::EXT_jemalloc)
  target_compile_definitions(kontiki_lib_jemalloc INTERFACE KONTIKI_JEMALLOC)
endif()

# Wanted by the tests only; without it (after `setup.sh build` alone) the tests are left out.
find_package(GTest QUIET)
