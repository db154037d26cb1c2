# Asks for components of Parfocal, which has none: a required one is refused by its name, an optional one is absent.
# The stage `abi` copies it as the CMakeLists.txt of a folder.

cmake_minimum_required(VERSION 3.16)
project(parfocal_components LANGUAGES C)

find_package(Parfocal QUIET COMPONENTS gui)
if(Parfocal_FOUND)
  message(FATAL_ERROR "COMPONENTS gui: Parfocal was found")
endif()
if(NOT Parfocal_NOT_FOUND_MESSAGE MATCHES "no component 'gui'")
  message(FATAL_ERROR "COMPONENTS gui: the message is '${Parfocal_NOT_FOUND_MESSAGE}'")
endif()
if(TARGET Parfocal::parfocal)
  message(FATAL_ERROR "COMPONENTS gui: there is a target, though Parfocal was not found")
endif()

find_package(Parfocal REQUIRED OPTIONAL_COMPONENTS gui)
if(Parfocal_gui_FOUND)
  message(FATAL_ERROR "OPTIONAL_COMPONENTS gui: was found")
endif()
if(NOT TARGET Parfocal::parfocal)
  message(FATAL_ERROR "OPTIONAL_COMPONENTS gui: no target")
endif()
