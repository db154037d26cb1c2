// The functions that MMCore looks up in a device adapter's library.
//
// SPDX-License-Identifier: MIT OR Apache-2.0

#include "Device.h"

#include <ModuleInterface.h>

#include <cstring>

using parfocal_mm::Device;

MODULE_API void InitializeModuleData() { RegisterDevice(Device::name, MM::ImageProcessorDevice, Device::description); }

MODULE_API MM::Device *CreateDevice(const char *name) {
    return name != nullptr && std::strcmp(name, Device::name) == 0 ? new Device() : nullptr;
}

MODULE_API void DeleteDevice(MM::Device *device) { delete device; }
