/* A Vulkan layer for tests: counts calls, and makes one of them fail. Controlled by the functions at its end. */

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <vulkan/vk_layer.h>
#include <vulkan/vulkan.h>

#define EXPORT __attribute__((visibility("default")))

/* What is counted, in the order of the names below. */
enum { SUBMITS, WAITS, MEMORY, PIPELINES, DISPATCHES, UPLOADED, DOWNLOADED, BUFFERS, KINDS };
static const char *const names[KINDS] = {"submits",    "waits",    "memory",     "pipelines",
                                         "dispatches", "uploaded", "downloaded", "buffers"};
static atomic_ullong counts[KINDS];
/* The calls of a kind until the one that fails; 0: none does. Those after it fail, too, while `lasting` is set. */
static atomic_llong until[KINDS];
static atomic_int lasting[KINDS];
static atomic_int results[KINDS];

/* One of each is enough: tests make one instance and one device at a time, all of one driver. */
static PFN_vkGetInstanceProcAddr next_instance;
static PFN_vkGetDeviceProcAddr next_device;
static VkInstance instance_now;
static PFN_vkGetPhysicalDeviceProperties get_properties;
static PFN_vkGetPhysicalDeviceProperties2 get_properties2;
static PFN_vkQueueSubmit queue_submit;
static PFN_vkWaitForFences wait_for_fences;
static PFN_vkGetFenceStatus get_fence_status;
static PFN_vkAllocateMemory allocate_memory;
static PFN_vkCreateComputePipelines create_compute_pipelines;
static PFN_vkCmdDispatch cmd_dispatch;
static PFN_vkCmdCopyBuffer cmd_copy_buffer;
static PFN_vkCreateBuffer create_buffer;

/* Buffers that shaders use, by their handles; the others are between the host and the device. */
#define SLOTS 65536
static _Atomic(uint64_t) shader_buffers[SLOTS];

static unsigned slot(uint64_t handle) { return (unsigned)((handle * 0x9E3779B97F4A7C15u) >> 48) % SLOTS; }

static int is_shader_buffer(VkBuffer buffer) {
    for (unsigned i = 0; i < SLOTS; i++) {
        uint64_t there = atomic_load(&shader_buffers[(slot((uint64_t)buffer) + i) % SLOTS]);
        if (there == (uint64_t)buffer) {
            return 1;
        }
        if (there == 0) {
            return 0;
        }
    }
    return 0;
}

/* Counts a call; what it must return instead of being passed on, or VK_SUCCESS. VK_TIMEOUT: it hangs for a while. */
static VkResult fault(int kind) {
    atomic_fetch_add(&counts[kind], 1);
    if (atomic_load(&until[kind]) <= 0) {
        return VK_SUCCESS;
    }
    if (atomic_fetch_sub(&until[kind], 1) > 1) {
        return VK_SUCCESS;
    }
    if (atomic_load(&lasting[kind])) {
        atomic_store(&until[kind], 1);
    }
    return (VkResult)atomic_load(&results[kind]);
}

static VkResult VKAPI_CALL submit(VkQueue queue, uint32_t count, const VkSubmitInfo *infos, VkFence fence) {
    VkResult wrong = fault(SUBMITS);
    return wrong == VK_SUCCESS ? queue_submit(queue, count, infos, fence) : wrong;
}

static VkResult VKAPI_CALL wait(VkDevice device, uint32_t count, const VkFence *fences, VkBool32 all, uint64_t time) {
    VkResult wrong = fault(WAITS);
    if (wrong == VK_TIMEOUT) {
        struct timespec pause = {0, 50000000};
        nanosleep(&pause, NULL);
        return VK_TIMEOUT;
    }
    return wrong == VK_SUCCESS ? wait_for_fences(device, count, fences, all, time) : wrong;
}

static VkResult VKAPI_CALL status(VkDevice device, VkFence fence) {
    VkResult wrong = fault(WAITS);
    if (wrong == VK_TIMEOUT) {
        return VK_NOT_READY;
    }
    return wrong == VK_SUCCESS ? get_fence_status(device, fence) : wrong;
}

static VkResult VKAPI_CALL allocate(VkDevice device, const VkMemoryAllocateInfo *info,
                                    const VkAllocationCallbacks *allocator, VkDeviceMemory *memory) {
    VkResult wrong = fault(MEMORY);
    return wrong == VK_SUCCESS ? allocate_memory(device, info, allocator, memory) : wrong;
}

static VkResult VKAPI_CALL pipelines(VkDevice device, VkPipelineCache cache, uint32_t count,
                                     const VkComputePipelineCreateInfo *infos, const VkAllocationCallbacks *allocator,
                                     VkPipeline *made) {
    VkResult wrong = fault(PIPELINES);
    return wrong == VK_SUCCESS ? create_compute_pipelines(device, cache, count, infos, allocator, made) : wrong;
}

static VkResult VKAPI_CALL buffer(VkDevice device, const VkBufferCreateInfo *info,
                                  const VkAllocationCallbacks *allocator, VkBuffer *made) {
    VkResult wrong = fault(BUFFERS);
    if (wrong != VK_SUCCESS) {
        return wrong;
    }
    VkResult result = create_buffer(device, info, allocator, made);
    VkBufferUsageFlags shader = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT;
    if (result == VK_SUCCESS && (info->usage & shader)) {
        for (unsigned i = 0; i < SLOTS; i++) {
            uint64_t none = 0;
            if (atomic_compare_exchange_strong(&shader_buffers[(slot((uint64_t)*made) + i) % SLOTS], &none,
                                               (uint64_t)*made) ||
                none == (uint64_t)*made) {
                break;
            }
        }
    }
    return result;
}

static void VKAPI_CALL dispatch(VkCommandBuffer commands, uint32_t x, uint32_t y, uint32_t z) {
    fault(DISPATCHES);
    cmd_dispatch(commands, x, y, z);
}

static void VKAPI_CALL copy(VkCommandBuffer commands, VkBuffer from, VkBuffer to, uint32_t count,
                            const VkBufferCopy *regions) {
    int kind = !is_shader_buffer(from) ? UPLOADED : !is_shader_buffer(to) ? DOWNLOADED : -1;
    for (uint32_t i = 0; kind >= 0 && i < count; i++) {
        atomic_fetch_add(&counts[kind], regions[i].size);
    }
    cmd_copy_buffer(commands, from, to, count, regions);
}

/* The driver says that its adapter is this kind of one: PARFOCAL_TEST_ADAPTER. */
static void disguise(VkPhysicalDeviceProperties *properties) {
    const char *as = getenv("PARFOCAL_TEST_ADAPTER");
    if (as != NULL && strcmp(as, "discrete") == 0) {
        properties->deviceType = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU;
    } else if (as != NULL && strcmp(as, "integrated") == 0) {
        properties->deviceType = VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU;
    }
}

static void VKAPI_CALL properties(VkPhysicalDevice device, VkPhysicalDeviceProperties *into) {
    get_properties(device, into);
    disguise(into);
}

static void VKAPI_CALL properties2(VkPhysicalDevice device, VkPhysicalDeviceProperties2 *into) {
    get_properties2(device, into);
    disguise(&into->properties);
}

static VkResult VKAPI_CALL make_instance(const VkInstanceCreateInfo *info, const VkAllocationCallbacks *allocator,
                                         VkInstance *made) {
    VkLayerInstanceCreateInfo *chain = (VkLayerInstanceCreateInfo *)info->pNext;
    while (chain->sType != VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO || chain->function != VK_LAYER_LINK_INFO) {
        chain = (VkLayerInstanceCreateInfo *)chain->pNext;
    }
    next_instance = chain->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    chain->u.pLayerInfo = chain->u.pLayerInfo->pNext;
    PFN_vkCreateInstance next = (PFN_vkCreateInstance)next_instance(NULL, "vkCreateInstance");
    VkResult result = next(info, allocator, made);
    if (result == VK_SUCCESS) {
        /* Now: later the loader's answers lead back to this layer. */
        instance_now = *made;
        get_properties = (PFN_vkGetPhysicalDeviceProperties)next_instance(*made, "vkGetPhysicalDeviceProperties");
        get_properties2 = (PFN_vkGetPhysicalDeviceProperties2)next_instance(*made, "vkGetPhysicalDeviceProperties2");
    }
    return result;
}

static VkResult VKAPI_CALL make_device(VkPhysicalDevice adapter, const VkDeviceCreateInfo *info,
                                       const VkAllocationCallbacks *allocator, VkDevice *made) {
    VkLayerDeviceCreateInfo *chain = (VkLayerDeviceCreateInfo *)info->pNext;
    while (chain->sType != VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO || chain->function != VK_LAYER_LINK_INFO) {
        chain = (VkLayerDeviceCreateInfo *)chain->pNext;
    }
    PFN_vkGetInstanceProcAddr get = chain->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    next_device = chain->u.pLayerInfo->pfnNextGetDeviceProcAddr;
    chain->u.pLayerInfo = chain->u.pLayerInfo->pNext;
    PFN_vkCreateDevice next = (PFN_vkCreateDevice)get(instance_now, "vkCreateDevice");
    VkResult result = next(adapter, info, allocator, made);
    if (result != VK_SUCCESS) {
        return result;
    }
    queue_submit = (PFN_vkQueueSubmit)next_device(*made, "vkQueueSubmit");
    wait_for_fences = (PFN_vkWaitForFences)next_device(*made, "vkWaitForFences");
    get_fence_status = (PFN_vkGetFenceStatus)next_device(*made, "vkGetFenceStatus");
    allocate_memory = (PFN_vkAllocateMemory)next_device(*made, "vkAllocateMemory");
    create_compute_pipelines = (PFN_vkCreateComputePipelines)next_device(*made, "vkCreateComputePipelines");
    cmd_dispatch = (PFN_vkCmdDispatch)next_device(*made, "vkCmdDispatch");
    cmd_copy_buffer = (PFN_vkCmdCopyBuffer)next_device(*made, "vkCmdCopyBuffer");
    create_buffer = (PFN_vkCreateBuffer)next_device(*made, "vkCreateBuffer");
    return result;
}

static PFN_vkVoidFunction own(const char *name) {
    static const struct {
        const char *name;
        PFN_vkVoidFunction function;
    } table[] = {
        {"vkCreateInstance", (PFN_vkVoidFunction)make_instance},
        {"vkCreateDevice", (PFN_vkVoidFunction)make_device},
        {"vkGetPhysicalDeviceProperties", (PFN_vkVoidFunction)properties},
        {"vkGetPhysicalDeviceProperties2", (PFN_vkVoidFunction)properties2},
        {"vkGetPhysicalDeviceProperties2KHR", (PFN_vkVoidFunction)properties2},
        {"vkQueueSubmit", (PFN_vkVoidFunction)submit},
        {"vkWaitForFences", (PFN_vkVoidFunction)wait},
        {"vkGetFenceStatus", (PFN_vkVoidFunction)status},
        {"vkAllocateMemory", (PFN_vkVoidFunction)allocate},
        {"vkCreateComputePipelines", (PFN_vkVoidFunction)pipelines},
        {"vkCreateBuffer", (PFN_vkVoidFunction)buffer},
        {"vkCmdDispatch", (PFN_vkVoidFunction)dispatch},
        {"vkCmdCopyBuffer", (PFN_vkVoidFunction)copy},
    };
    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].name, name) == 0) {
            return table[i].function;
        }
    }
    return NULL;
}

static PFN_vkVoidFunction VKAPI_CALL for_device(VkDevice device, const char *name) {
    PFN_vkVoidFunction found = strcmp(name, "vkGetDeviceProcAddr") == 0 ? (PFN_vkVoidFunction)for_device : own(name);
    return found != NULL ? found : next_device(device, name);
}

static PFN_vkVoidFunction VKAPI_CALL for_instance(VkInstance instance, const char *name) {
    if (strcmp(name, "vkGetInstanceProcAddr") == 0) {
        return (PFN_vkVoidFunction)for_instance;
    }
    if (strcmp(name, "vkGetDeviceProcAddr") == 0) {
        return (PFN_vkVoidFunction)for_device;
    }
    PFN_vkVoidFunction found = own(name);
    return found != NULL || instance == NULL ? found : next_instance(instance, name);
}

EXPORT VkResult VKAPI_CALL vkNegotiateLoaderLayerInterfaceVersion(VkNegotiateLayerInterface *with) {
    with->loaderLayerInterfaceVersion = 2;
    with->pfnGetInstanceProcAddr = for_instance;
    with->pfnGetDeviceProcAddr = for_device;
    with->pfnGetPhysicalDeviceProcAddr = NULL;
    return VK_SUCCESS;
}

static int kind_of(const char *name) {
    for (int i = 0; i < KINDS; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

/* Calls so far of a kind, or bytes; the largest number for an unknown name. */
EXPORT uint64_t parfocal_test_count(const char *name) {
    int kind = kind_of(name);
    return kind < 0 ? UINT64_MAX : atomic_load(&counts[kind]);
}

/* Lets the n-th call of a kind from now on return `result`, and all after it if `stays`; 0: none. */
EXPORT int parfocal_test_fail(const char *name, int64_t n, int result, int stays) {
    int kind = kind_of(name);
    if (kind < 0) {
        return -1;
    }
    atomic_store(&results[kind], result);
    atomic_store(&lasting[kind], stays);
    atomic_store(&until[kind], n);
    return 0;
}
