// What C++ makes of it: its library calls pthread_*, clock_gettime and syscall(SYS_futex).
#include "waits.h"
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <shared_mutex>
#include <thread>

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

bool sleeps_until() {
    const auto began = Clock::now();
    std::thread thread([&] { std::this_thread::sleep_until(began + 24h); });
    thread.join();
    return Clock::now() - began == 24h;
}

bool waits_for_a_condition() {
    std::mutex lock;
    std::condition_variable changed;
    bool asked = false;
    const auto began = Clock::now();
    std::thread thread([&] {
        std::this_thread::sleep_for(10s);
        const std::lock_guard<std::mutex> guard(lock);
        asked = true;
        changed.notify_one();
    });
    std::unique_lock<std::mutex> guard(lock);
    const bool late = !changed.wait_for(guard, 1s, [&] { return asked; });
    const bool right = late && Clock::now() - began == 1s;
    changed.wait(guard, [&] { return asked; });
    guard.unlock();
    thread.join();
    return right && Clock::now() - began == 10s;
}

bool waits_for_an_atomic() {
    std::atomic<int> value{0};
    const auto began = Clock::now();
    std::thread thread([&] {
        std::this_thread::sleep_for(1s);
        value = 1;
        value.notify_all();
    });
    value.wait(0);
    thread.join();
    return Clock::now() - began == 1s;
}

bool waits_for_a_future() {
    const auto began = Clock::now();
    auto result = std::async(std::launch::async, [] {
        std::this_thread::sleep_for(5s);
        return 17;
    });
    const bool late = result.wait_for(1s) == std::future_status::timeout;
    return late && result.get() == 17 && Clock::now() - began == 5s;
}

bool waits_for_a_shared_lock() {
    std::shared_timed_mutex lock;
    lock.lock();
    const auto began = Clock::now();
    bool late = false;
    std::thread thread([&] { late = !lock.try_lock_shared_for(1s); });
    thread.join();
    lock.unlock();
    return late && Clock::now() - began == 1s;
}

int slow() {
    std::this_thread::sleep_for(1s);
    return 3;
}

// Two threads begin one local variable at the same time.
bool waits_for_a_static() {
    const auto value = [] {
        static const int once = slow();
        return once;
    };
    int seen[2] = {};
    std::thread one([&] { seen[0] = value(); });
    std::thread two([&] { seen[1] = value(); });
    one.join();
    two.join();
    return seen[0] == 3 && seen[1] == 3;
}

} // namespace

bool waits_by_cxx() {
    return sleeps_until() && waits_for_a_condition() && waits_for_an_atomic() &&
           waits_for_a_future() && waits_for_a_shared_lock() && waits_for_a_static();
}
