// driver.cpp - a driver as C++ writes one: tests/test_sdk_languages.py builds it with each compiler
// and standard, loads it and plays into it. One device, one output stream; what is played is thrown
// away.
#include <CoreAudio/AudioServerPlugIn.h>
#include <mach/mach_time.h>
#include <os/lock.h>
#include <os/log.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

namespace {

using Bytes = std::vector<unsigned char>;

constexpr AudioObjectID kPlugIn{kAudioObjectPlugInObject}, kDevice{2}, kStream{3};
constexpr UInt32 kPeriodFrames{16384};
constexpr Float64 kRate{48000};

// Narrowing in braces is an error: enumerations of the SDK have to have Apple's types.
constexpr AudioStreamBasicDescription kFormat{
    kRate, kAudioFormatLinearPCM, kAudioFormatFlagsNativeFloatPacked, 8, 1, 8, 2, 32, 0};
constexpr std::array<AudioObjectPropertyScope, 3> kScopes{kAudioObjectPropertyScopeGlobal,
                                                          kAudioObjectPropertyScopeInput,
                                                          kAudioObjectPropertyScopeOutput};

template <typename T> Bytes bytes_of(const T &value) {
    const auto *first = reinterpret_cast<const unsigned char *>(&value);
    return Bytes(first, first + sizeof value);
}

Bytes text(const char *words) {
    return bytes_of(CFStringCreateWithCString(nullptr, words, kCFStringEncodingUTF8));
}

class UnfairLock {
  public:
    void lock() {
        os_unfair_lock_lock(&word_);
    }
    void unlock() {
        os_unfair_lock_unlock(&word_);
    }

  private:
    os_unfair_lock word_ = OS_UNFAIR_LOCK_INIT;
};

class Driver {
    AudioServerPlugInDriverInterface *interface_; // first: COM's pointer to a pointer

  public:
    explicit Driver(AudioServerPlugInDriverInterface *interface) : interface_(interface) {
        put_object(kPlugIn, kAudioPlugInClassID, kAudioObjectUnknown, {kDevice});
        put_object(kDevice, kAudioDeviceClassID, kPlugIn, {kStream});
        put_object(kStream, kAudioStreamClassID, kDevice, {});
        put(kPlugIn, kAudioPlugInPropertyDeviceList, bytes_of(kDevice));
        values_[key(kPlugIn, kAudioObjectPropertyManufacturer)] = [] { return text("hal-lab"); };
        values_[key(kDevice, kAudioObjectPropertyName)] = [] { return text("C++"); };
        values_[key(kDevice, kAudioDevicePropertyDeviceUID)] = [] { return text("Cxx_UID"); };
        values_[key(kDevice, kAudioDevicePropertyDeviceIsRunning)] = [this] {
            return bytes_of(UInt32{anchor_ != 0});
        };
        put(kDevice, kAudioDevicePropertyNominalSampleRate, bytes_of(kRate));
        put(kDevice, kAudioDevicePropertyAvailableNominalSampleRates,
            bytes_of(AudioValueRange{kRate, kRate}));
        put(kDevice, kAudioDevicePropertyZeroTimeStampPeriod, bytes_of(kPeriodFrames));
        put(kDevice, kAudioDevicePropertyStreams, bytes_of(kStream));
        put(kStream, kAudioStreamPropertyVirtualFormat, bytes_of(kFormat));
        put(kStream, kAudioStreamPropertyPhysicalFormat, bytes_of(kFormat));
        for (auto selector : {kAudioStreamPropertyDirection, kAudioStreamPropertyLatency})
            put(kStream, selector, bytes_of(UInt32{0}));
        put(kStream, kAudioStreamPropertyStartingChannel, bytes_of(UInt32{1}));
    }

    AudioServerPlugInDriverRef reference() {
        return &interface_;
    }

    static Driver &of(void *driver) {
        return *static_cast<Driver *>(driver);
    }

    const std::function<Bytes()> *find(AudioObjectID object,
                                       const AudioObjectPropertyAddress &address) const {
        const auto found = values_.find(key(object, address.mSelector));
        const bool in_scope =
            std::find(kScopes.begin(), kScopes.end(), address.mScope) != kScopes.end();
        return in_scope && found != values_.end() ? &found->second : nullptr;
    }

    void count_start(int change) {
        const std::lock_guard<UnfairLock> guard(lock_);
        starts_ += change;
        if (starts_ == 0)
            anchor_ = 0;
        else if (change > 0 && starts_ == 1)
            anchor_ = mach_absolute_time();
    }

    OSStatus zero(Float64 &sample, UInt64 &host_time, UInt64 &seed) const {
        mach_timebase_info_data_t base{};
        mach_timebase_info(&base);
        const UInt64 anchor = anchor_;
        const auto period = kPeriodFrames * 1e9 * base.denom / base.numer / kRate;
        const auto periods =
            std::floor(static_cast<double>(mach_absolute_time() - anchor) / period);
        sample = periods * kPeriodFrames;
        host_time = anchor + static_cast<UInt64>(periods * period);
        seed = anchor;
        return anchor != 0 ? kAudioHardwareNoError : kAudioHardwareNotRunningError;
    }

    std::atomic<ULONG> references{1};

  private:
    using Key = std::tuple<AudioObjectID, AudioObjectPropertySelector>;

    static Key key(AudioObjectID object, AudioObjectPropertySelector selector) {
        return Key{object, selector};
    }

    void put(AudioObjectID object, AudioObjectPropertySelector selector, Bytes value) {
        values_[key(object, selector)] = [value] { return value; };
    }

    void put_object(AudioObjectID id, AudioClassID class_id, AudioObjectID owner,
                    const std::vector<AudioObjectID> &owned) {
        Bytes ids;
        for (const auto &one : owned) {
            const Bytes more = bytes_of(one);
            ids.insert(ids.end(), more.begin(), more.end());
        }
        put(id, kAudioObjectPropertyBaseClass, bytes_of(AudioClassID{kAudioObjectClassID}));
        put(id, kAudioObjectPropertyClass, bytes_of(class_id));
        put(id, kAudioObjectPropertyOwner, bytes_of(owner));
        put(id, kAudioObjectPropertyOwnedObjects, ids);
    }

    std::map<Key, std::function<Bytes()>> values_;
    UnfairLock lock_;
    int starts_ = 0;
    std::atomic<UInt64> anchor_{0};
};

bool is(REFIID uuid, CFUUIDRef wanted) {
    const CFUUIDBytes bytes = CFUUIDGetUUIDBytes(wanted);
    return std::memcmp(&uuid, &bytes, sizeof bytes) == 0;
}

AudioServerPlugInDriverInterface make_interface() {
    AudioServerPlugInDriverInterface slots{};
    slots.QueryInterface = [](void *driver, REFIID uuid, LPVOID *out) -> HRESULT {
        const bool known =
            is(uuid, IUnknownUUID) || is(uuid, kAudioServerPlugInDriverInterfaceUUID);
        *out = known ? driver : nullptr;
        Driver::of(driver).references += known;
        return known ? HRESULT{S_OK} : static_cast<HRESULT>(E_NOINTERFACE);
    };
    slots.AddRef = [](void *driver) -> ULONG { return ++Driver::of(driver).references; };
    slots.Release = [](void *driver) -> ULONG {
        const ULONG left = --Driver::of(driver).references;
        if (left == 0)
            delete &Driver::of(driver);
        return left;
    };
    slots.Initialize = [](AudioServerPlugInDriverRef, AudioServerPlugInHostRef) -> OSStatus {
        os_log(OS_LOG_DEFAULT, "a driver in C++ %ld", static_cast<long>(__cplusplus));
        return kAudioHardwareNoError;
    };
    slots.AddDeviceClient = slots.RemoveDeviceClient =
        [](AudioServerPlugInDriverRef, AudioObjectID,
           const AudioServerPlugInClientInfo *) -> OSStatus { return kAudioHardwareNoError; };
    slots.HasProperty = [](AudioServerPlugInDriverRef driver, AudioObjectID object, pid_t,
                           const AudioObjectPropertyAddress *address) -> Boolean {
        return Driver::of(driver).find(object, *address) != nullptr;
    };
    slots.IsPropertySettable = [](AudioServerPlugInDriverRef, AudioObjectID, pid_t,
                                  const AudioObjectPropertyAddress *,
                                  Boolean *settable) -> OSStatus {
        *settable = false;
        return kAudioHardwareNoError;
    };
    slots.GetPropertyDataSize = [](AudioServerPlugInDriverRef driver, AudioObjectID object, pid_t,
                                   const AudioObjectPropertyAddress *address, UInt32, const void *,
                                   UInt32 *size) -> OSStatus {
        const auto *value = Driver::of(driver).find(object, *address);
        if (value == nullptr)
            return kAudioHardwareUnknownPropertyError;
        *size = static_cast<UInt32>((*value)().size());
        return kAudioHardwareNoError;
    };
    slots.GetPropertyData = [](AudioServerPlugInDriverRef driver, AudioObjectID object, pid_t,
                               const AudioObjectPropertyAddress *address, UInt32, const void *,
                               UInt32 room, UInt32 *size, void *data) -> OSStatus {
        const auto *value = Driver::of(driver).find(object, *address);
        if (value == nullptr)
            return kAudioHardwareUnknownPropertyError;
        const Bytes bytes = (*value)();
        if (room < bytes.size())
            return kAudioHardwareBadPropertySizeError;
        *size = static_cast<UInt32>(bytes.size());
        std::copy(bytes.begin(), bytes.end(), static_cast<unsigned char *>(data));
        return kAudioHardwareNoError;
    };
    slots.StartIO = [](AudioServerPlugInDriverRef driver, AudioObjectID, UInt32) -> OSStatus {
        Driver::of(driver).count_start(1);
        return kAudioHardwareNoError;
    };
    slots.StopIO = [](AudioServerPlugInDriverRef driver, AudioObjectID, UInt32) -> OSStatus {
        Driver::of(driver).count_start(-1);
        return kAudioHardwareNoError;
    };
    slots.GetZeroTimeStamp = [](AudioServerPlugInDriverRef driver, AudioObjectID, UInt32,
                                Float64 *sample, UInt64 *host_time, UInt64 *seed) -> OSStatus {
        return Driver::of(driver).zero(*sample, *host_time, *seed);
    };
    slots.WillDoIOOperation = [](AudioServerPlugInDriverRef, AudioObjectID, UInt32,
                                 UInt32 operation, Boolean *will, Boolean *in_place) -> OSStatus {
        *will = operation == kAudioServerPlugInIOOperationWriteMix;
        *in_place = true;
        return kAudioHardwareNoError;
    };
    slots.BeginIOOperation = slots.EndIOOperation =
        [](AudioServerPlugInDriverRef, AudioObjectID, UInt32, UInt32, UInt32,
           const AudioServerPlugInIOCycleInfo *) -> OSStatus { return kAudioHardwareNoError; };
    slots.DoIOOperation = [](AudioServerPlugInDriverRef, AudioObjectID, AudioObjectID, UInt32,
                             UInt32, UInt32, const AudioServerPlugInIOCycleInfo *, void *,
                             void *) -> OSStatus { return kAudioHardwareNoError; };
    return slots;
}

} // namespace

extern "C" void *Cxx_Create(CFAllocatorRef, CFUUIDRef type) {
    static AudioServerPlugInDriverInterface interface = make_interface();
    if (type == nullptr || !CFEqual(type, kAudioServerPlugInTypeUUID))
        return nullptr;
    return std::make_unique<Driver>(&interface).release()->reference();
}
