# A project that installs a program together with the library and the runtime that it loads (copied to CMakeLists.txt by
# the stage `abi`).
cmake_minimum_required(VERSION 3.21)
project(parfocal_installed LANGUAGES C)

find_package(Parfocal REQUIRED)
add_executable(one_frame one_frame.c)
target_link_libraries(one_frame PRIVATE Parfocal::parfocal m)
set_target_properties(one_frame PROPERTIES INSTALL_RPATH "$ORIGIN/../lib")
install(TARGETS one_frame DESTINATION bin)
install(IMPORTED_RUNTIME_ARTIFACTS Parfocal::parfocal Parfocal::onnxruntime Parfocal::webgpu LIBRARY DESTINATION lib)
