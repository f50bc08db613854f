// Unwraps a second by callers of one Token: in process, and through a worker, in turns.
//
//     token_worker SECONDS CALLERS [SESSIONS]
//
// Prints {"callers": …, "bare_per_second": …, "worker_per_second": …}.
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "coffer/pkcs11/supervisor.h"
#include "rate.h"
#include "tests/fakes/softhsm.h"

namespace coffer::bench {
namespace {

constexpr int kTurns = 3;

struct Work {
  pkcs11::KeyRef kek{{1}};
  Bytes aad = Bytes(96, 7);  // about as long as a record's wrap context
  Bytes wrapped;
};

[[noreturn]] void fail(const Error& error) {
  std::fprintf(stderr, "token_worker: %s\n", describe(error).c_str());
  std::exit(EXIT_FAILURE);
}

template <typename T>
T must(Result<T> result) {
  if (!result.ok()) fail(result.error());
  return *std::move(result);
}

double unwraps(pkcs11::Token& token, const Work& work, std::size_t callers, double seconds) {
  std::vector<double> rates(callers);
  std::vector<std::thread> threads;
  for (double& each : rates) {
    threads.emplace_back([&] {
      each = rate(seconds,
                  [&] { return token.unwrap(work.kek, work.wrapped, work.aad).ok() ? 1 : -1; });
    });
  }
  double sum = 0;
  for (std::thread& thread : threads) thread.join();
  for (const double each : rates) {
    if (each < 0) fail(make_error(ErrorCode::unavailable, "an unwrap failed"));
    sum += each;
  }
  return sum;
}

int measure(double seconds, std::size_t callers, std::size_t sessions) {
  const auto directory = must(fakes::SoftHsmDirectory::create());
  pkcs11::TokenConfig config = directory->config();
  config.max_sessions = sessions;
  pkcs11::SupervisorConfig processes;
  processes.program = must(pkcs11::program_beside_this("../coffer-token"));
  const auto supervisor = must(pkcs11::Supervisor::start(processes));
  const auto source = supervisor->source();
  const auto worker = must(source->open(config, directory->pin()));
  Work work;
  if (const auto made = worker->generate(pkcs11::KeyRole::kek, work.kek, "bench"); !made.ok()) {
    fail(made.error());
  }
  const SecureBytes data_key = must(SecureBytes::allocate(32));
  work.wrapped = must(worker->wrap(work.kek, data_key, work.aad));
  const auto bare = must(pkcs11::open_token(config, directory->pin()));
  double in_process = 0;
  double through_worker = 0;
  for (int turn = 0; turn < kTurns; ++turn) {
    in_process += unwraps(*bare, work, callers, seconds / kTurns) / kTurns;
    through_worker += unwraps(*worker, work, callers, seconds / kTurns) / kTurns;
  }
  std::printf("{\"callers\": %zu, \"bare_per_second\": %.1f, \"worker_per_second\": %.1f}\n",
              callers, in_process, through_worker);
  return EXIT_SUCCESS;
}

template <typename Number>
Number number(const char* text) {
  Number value{};
  const char* const end = text + std::strlen(text);
  const auto read = std::from_chars(text, end, value);
  if (read.ec != std::errc{} || read.ptr != end || !(value > 0)) {
    fail(make_error(ErrorCode::invalid_argument, "not a number over zero"));
  }
  return value;
}

}  // namespace
}  // namespace coffer::bench

int main(int argc, char** argv) {
  using namespace coffer::bench;
  if (argc != 3 && argc != 4) {
    std::fputs("usage: token_worker SECONDS CALLERS [SESSIONS]\n", stderr);
    return EXIT_FAILURE;
  }
  return measure(number<double>(argv[1]), number<std::size_t>(argv[2]),
                 argc == 4 ? number<std::size_t>(argv[3]) : 8);
}
