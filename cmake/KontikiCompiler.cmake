# How everything is compiled: C++23, warnings as errors, one sanitizer set per build directory, mold if it is there.
#
# KONTIKI_SANITIZE  comma-separated list for -fsanitize (the presets set it); empty for none
# KONTIKI_DEBUG_CHECKS  turns on the expensive invariant checks (plain CHECKs are on in every build)
# KONTIKI_FUZZ  builds tests/fuzz/*.cc with libFuzzer (clang only)

set(KONTIKI_SANITIZE "" CACHE STRING "value of -fsanitize for all of our code")
option(KONTIKI_DEBUG_CHECKS "expensive invariant checks after every step" OFF)
option(KONTIKI_FUZZ "build the fuzzers" OFF)

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})

if(NOT CMAKE_BUILD_TYPE)
  message(FATAL_ERROR "Configure with a preset, for example: cmake --preset release (see docs/hacking.md)")
endif()

# Every target of ours links this; imported libraries are SYSTEM and so stay free of our warnings.
add_library(kontiki_flags INTERFACE)
target_include_directories(kontiki_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_options(kontiki_flags INTERFACE
  -Wall -Wextra -Werror -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough
  -Wcast-align -Wunused -Wvla -fno-omit-frame-pointer -fdiagnostics-color=auto)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 gives these two for inlined libstdc++ templates (std::expected, string + literal), not for code of ours.
  target_compile_options(kontiki_flags INTERFACE -Wno-maybe-uninitialized -Wno-restrict
    -Wduplicated-cond -Wlogical-op)
endif()
if(KONTIKI_DEBUG_CHECKS)
  target_compile_definitions(kontiki_flags INTERFACE KONTIKI_DEBUG_CHECKS=1)
endif()

if(KONTIKI_SANITIZE)
  add_compile_options(-fsanitize=${KONTIKI_SANITIZE} -fno-sanitize-recover=all)
  # libFuzzer's driver is linked only into the fuzzers; see kontiki_fuzzers.
  string(REPLACE "fuzzer-no-link," "" link_sanitize "${KONTIKI_SANITIZE}")
  add_link_options(-fsanitize=${link_sanitize})
endif()

find_program(KONTIKI_MOLD mold)
if(KONTIKI_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

find_program(KONTIKI_CCACHE ccache)
if(KONTIKI_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Two build directories of the same tree, or two checkouts, share what they compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${KONTIKI_CCACHE})
endif()
