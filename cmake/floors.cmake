# parley_floor(<folder> [LINK <targets…>]): the library of one folder of src/, made of every .cpp in
# it, and the unit tests that stand beside the code (<folder>_test, one ctest case per folder).
# LINK names the floors below and the libraries the folder is the home of, so an include that points
# upward does not even link.
function(parley_floor folder)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$|/main\\.cpp$|_main\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")

  if(sources)
    add_library(parley_${folder} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(parley_${folder} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(parley_${folder} ${scope} ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(parley_${folder} ${scope} ${ARG_LINK})

  if(tests)
    add_executable(${folder}_test ${tests})
    target_link_libraries(${folder}_test PRIVATE parley_${folder} GTest::gtest GTest::gtest_main)
    add_test(NAME unit.${folder} COMMAND ${folder}_test)
  endif()
endfunction()
