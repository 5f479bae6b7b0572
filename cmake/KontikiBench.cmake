# The programs of bench/: what they are made of depends on which libraries are installed.

# kontiki_load_generator(<target> <folder> DRIVERS <name>=<pkg-config module>... LIBS <external libs...>)
# An executable of folder/*.cc. driver_<name>.cc is left out if its library is not installed (setup.sh bench).
function(kontiki_load_generator target folder)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "DRIVERS;LIBS")
  list(TRANSFORM arg_LIBS PREPEND kontiki_lib_)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.cc)
  if(NOT sources OR NOT TARGET kontiki_cli)
    return()
  endif()
  foreach(driver IN LISTS arg_DRIVERS)
    string(REGEX MATCH "^([^=]+)=(.+)$" matched "${driver}")
    set(name ${CMAKE_MATCH_1})
    pkg_check_modules(DRIVER_${name} QUIET IMPORTED_TARGET ${CMAKE_MATCH_2})
    if(DRIVER_${name}_FOUND)
      list(APPEND arg_LIBS PkgConfig::DRIVER_${name})
    else()
      list(FILTER sources EXCLUDE REGEX "/driver_${name}\\.cc$")
    endif()
  endforeach()
  add_executable(${target} ${sources})
  kontiki_link(${target} PRIVATE kontiki_flags kontiki_cli ${arg_LIBS} kontiki_lib_jemalloc)
endfunction()

# kontiki_micro_benchmarks(<target> <folder>): an executable of folder/*.cc, left out without Google Benchmark
# (setup.sh test).
function(kontiki_micro_benchmarks target folder)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.cc)
  find_package(benchmark QUIET)
  if(NOT sources OR NOT benchmark_FOUND OR KONTIKI_FUZZ)
    return()
  endif()
  add_executable(${target} ${sources})
  kontiki_link(${target} PRIVATE kontiki_flags kontiki_kafka kontiki_partition kontiki_raft kontiki_storage kontiki_posix
    benchmark::benchmark_main)
endfunction()

# The tests of the benchmarks: the parts that are arithmetic, and one run of everything at tiny counts.
function(kontiki_bench_tests)
  if(NOT GTest_FOUND OR KONTIKI_FUZZ)
    return()
  endif()
  kontiki_test(load)
  target_include_directories(test_load PRIVATE ${PROJECT_SOURCE_DIR}/bench)
  if(NOT TARGET kontiki_bench OR KONTIKI_SANITIZE)
    return()
  endif()
  add_test(NAME bench_smoke COMMAND python3 -B ${PROJECT_SOURCE_DIR}/bench/smoke_test.py)
  set_tests_properties(bench_smoke PROPERTIES LABELS bench TIMEOUT 300
    ENVIRONMENT "KONTIKI=$<TARGET_FILE:kontiki>;KONTIKI_BENCH=$<TARGET_FILE:kontiki_bench>")
endfunction()
