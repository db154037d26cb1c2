# Parfocal @VERSION@ for find_package(Parfocal): the imported target Parfocal::parfocal, wherever this folder lies, also
# behind a link. Parfocal::onnxruntime and Parfocal::webgpu are loaded from the library's own folder; nothing links with
# them, but who installs the library installs them, too (without the latter, the CPU runs instead of a GPU):
#   install(IMPORTED_RUNTIME_ARTIFACTS Parfocal::parfocal Parfocal::onnxruntime Parfocal::webgpu
#     LIBRARY DESTINATION lib)

get_filename_component(_parfocal_prefix "${CMAKE_CURRENT_LIST_DIR}" REALPATH)
get_filename_component(_parfocal_prefix "${_parfocal_prefix}/../../.." ABSOLUTE)

foreach(_parfocal_file "lib/libparfocal.so.@ABI@" "lib/@RUNTIME@" "lib/@WEBGPU@" "include/parfocal.h" "include/parfocal.hpp")
  if(NOT EXISTS "${_parfocal_prefix}/${_parfocal_file}")
    set(Parfocal_FOUND FALSE)
    set(Parfocal_NOT_FOUND_MESSAGE "${_parfocal_prefix} has no ${_parfocal_file}: unpack the whole archive again")
    return()
  endif()
endforeach()

# The package has no components.
foreach(_parfocal_component IN LISTS Parfocal_FIND_COMPONENTS)
  set(Parfocal_${_parfocal_component}_FOUND FALSE)
  if(Parfocal_FIND_REQUIRED_${_parfocal_component})
    set(Parfocal_FOUND FALSE)
    set(Parfocal_NOT_FOUND_MESSAGE
      "Parfocal has no component '${_parfocal_component}': ask for none, and link Parfocal::parfocal")
    return()
  endif()
endforeach()
unset(_parfocal_component)

if(NOT TARGET Parfocal::parfocal)
  add_library(Parfocal::parfocal SHARED IMPORTED)
  set_target_properties(Parfocal::parfocal PROPERTIES
    IMPORTED_LOCATION "${_parfocal_prefix}/lib/libparfocal.so.@ABI@"
    IMPORTED_SONAME "libparfocal.so.@ABI@"
    INTERFACE_INCLUDE_DIRECTORIES "${_parfocal_prefix}/include")
endif()
if(NOT TARGET Parfocal::onnxruntime)
  add_library(Parfocal::onnxruntime SHARED IMPORTED)
  set_target_properties(Parfocal::onnxruntime PROPERTIES
    IMPORTED_LOCATION "${_parfocal_prefix}/lib/@RUNTIME@"
    IMPORTED_SONAME "@RUNTIME@")
endif()
if(NOT TARGET Parfocal::webgpu)
  add_library(Parfocal::webgpu SHARED IMPORTED)
  set_target_properties(Parfocal::webgpu PROPERTIES
    IMPORTED_LOCATION "${_parfocal_prefix}/lib/@WEBGPU@"
    IMPORTED_SONAME "@WEBGPU@")
endif()

unset(_parfocal_file)
unset(_parfocal_prefix)
