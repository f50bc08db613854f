// loadgen: how many requests a second a server on a Unix socket answers, and how fast.
//
//   loadgen --unix SOCK --connections N --seconds S --request-file FILE [--modulo M] [--first K]
//           [--count C] [--denied]
//   loadgen --unix SOCK --connections N --seconds S --resp 'GET key'
//
// FILE is one raw HTTP request with its CRLFs; "{n}" in it is the request's number modulo M. Prints
// one JSON object, times in microseconds. Exit 1 if any answer wasn't 2xx (with --denied: 403) or a
// connection was lost. With --count it ends after C requests, if that is before its time.
#include <getopt.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>

#include "load.h"

namespace coffer::bench {
namespace {

struct Options {
  Load load;
  double seconds = 2;
  double warmup = 0.3;
  std::uint64_t modulo = 1000;
  std::string request_file;
  std::string resp;
  std::vector<std::string> server_pids;
};

[[noreturn]] void usage(const char* problem) {
  std::fprintf(stderr,
               "loadgen: %s\n"
               "usage: loadgen --unix SOCK [--connections N] [--threads T] [--seconds S]\n"
               "               [--warmup S] [--server-pid PID]... [--modulo M] [--first K]\n"
               "               [--count C] [--denied]\n"
               "               --request-file FILE | --resp 'GET key'\n",
               problem);
  std::exit(2);
}

std::uint64_t whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) usage("not a whole number");
  return value;
}

double duration(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) {
    usage("not a number of seconds");
  }
  return value;
}

void apply(Options& options, int option, const char* value) {
  switch (option) {
    case 'u': options.load.socket = value; break;
    case 'c': options.load.connections = whole_number(value); break;
    case 't': options.load.threads = whole_number(value); break;
    case 's': options.seconds = duration(value); break;
    case 'w': options.warmup = duration(value); break;
    case 'm': options.modulo = whole_number(value); break;
    case 'k': options.load.first = whole_number(value); break;
    case 'n': options.load.count = whole_number(value); break;
    case 'd': options.load.scan = scan_denial; break;
    case 'f': options.request_file = value; break;
    case 'r': options.resp = value; break;
    case 'p': options.server_pids.emplace_back(value); break;
    default: usage("unknown option");
  }
}

Options parse(int argc, char** argv) {
  constexpr option kOptions[] = {{"unix", required_argument, nullptr, 'u'},
                                 {"connections", required_argument, nullptr, 'c'},
                                 {"threads", required_argument, nullptr, 't'},
                                 {"seconds", required_argument, nullptr, 's'},
                                 {"warmup", required_argument, nullptr, 'w'},
                                 {"modulo", required_argument, nullptr, 'm'},
                                 {"first", required_argument, nullptr, 'k'},
                                 {"count", required_argument, nullptr, 'n'},
                                 {"denied", no_argument, nullptr, 'd'},
                                 {"request-file", required_argument, nullptr, 'f'},
                                 {"resp", required_argument, nullptr, 'r'},
                                 {"server-pid", required_argument, nullptr, 'p'},
                                 {nullptr, 0, nullptr, 0}};
  Options options;
  int chosen = 0;
  while ((chosen = ::getopt_long(argc, argv, "", kOptions, nullptr)) != -1) {
    apply(options, chosen, optarg);
  }
  if (options.load.socket.empty()) usage("--unix is missing");
  if (options.request_file.empty() == options.resp.empty()) usage("give --request-file or --resp");
  if (options.modulo == 0 || options.load.threads == 0) usage("0 is too few");
  return options;
}

RequestText request_text(const Options& options) {
  if (!options.resp.empty()) return {resp_command(options.resp, options.modulo), options.modulo};
  std::ifstream file(options.request_file, std::ios::binary);
  if (!file) usage("the request file can't be read");
  std::ostringstream text;
  text << file.rdbuf();
  return {text.str(), options.modulo};
}

/// utime + stime of proc(5), in microseconds; nullopt if the process is gone.
std::optional<double> cpu_of(const std::string& pid) {
  constexpr int kFieldsBeforeTimes = 11;  // between the name's ')' and utime
  std::ifstream file("/proc/" + pid + "/stat");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < kFieldsBeforeTimes; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) * 1e6 / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::optional<double> cpu_of(const std::vector<std::string>& pids) {
  if (pids.empty()) return std::nullopt;
  double sum = 0;
  for (const auto& pid : pids) {
    const auto one = cpu_of(pid);
    if (!one) return std::nullopt;
    sum += *one;
  }
  return sum;
}

double percentile(const std::vector<std::uint32_t>& sorted, double share) {
  if (sorted.empty()) return 0;
  const double at = share * static_cast<double>(sorted.size());
  return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(at))] / 1000.0;
}

void print(const Options& options, Tally tally, std::optional<double> cpu) {
  std::sort(tally.nanoseconds.begin(), tally.nanoseconds.end());
  const auto& times = tally.nanoseconds;
  const auto requests = static_cast<double>(times.size());
  std::printf("{\"connections\": %zu, \"requests\": %zu, \"rps\": %.1f, ", options.load.connections,
              times.size(), requests / options.seconds);
  std::printf("\"p50\": %.1f, \"p99\": %.1f, \"p999\": %.1f, ", percentile(times, 0.5),
              percentile(times, 0.99), percentile(times, 0.999));
  if (cpu && requests > 0) {
    std::printf("\"server_cpu_us\": %.2f, \"server_cores\": %.2f, ", *cpu / requests,
                *cpu / options.seconds / 1e6);
  }
  std::printf("\"errors\": %llu}\n", static_cast<unsigned long long>(tally.errors()));
  if (tally.refused > 0) {
    std::fprintf(stderr, "loadgen: %llu refused, the first with: %s\n",
                 static_cast<unsigned long long>(tally.refused), tally.example.c_str());
  }
  if (tally.lost > 0) {
    std::fprintf(stderr, "loadgen: %llu connections lost\n",
                 static_cast<unsigned long long>(tally.lost));
  }
}

int run(int argc, char** argv) {
  Options options = parse(argc, argv);
  const RequestText text = request_text(options);
  options.load.text = &text;
  if (!options.resp.empty()) options.load.scan = scan_resp;

  const auto seconds = [](double count) {
    return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
        std::chrono::duration<double>(count));
  };
  const SteadyTime begin = std::chrono::steady_clock::now() + seconds(options.warmup);
  const SteadyTime end = begin + seconds(options.seconds);
  std::vector<Tally> tallies(options.load.threads);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < options.load.threads; ++i) {
    threads.emplace_back([&, i] { tallies[i] = drive(options.load, i, begin, end); });
  }
  std::this_thread::sleep_until(begin);
  const auto cpu_before = cpu_of(options.server_pids);
  const auto join = [&threads] {
    for (auto& thread : threads) thread.join();
    threads.clear();
  };
  if (options.load.count != Load().count) {
    join();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    options.seconds = std::min(options.seconds, took.count());
  } else {
    std::this_thread::sleep_until(end);
  }
  const auto cpu_after = cpu_of(options.server_pids);
  join();

  Tally all;
  for (auto& tally : tallies) all.add(std::move(tally));
  const bool good = all.errors() == 0 && !all.nanoseconds.empty();
  const auto cpu = cpu_before && cpu_after ? std::optional(*cpu_after - *cpu_before) : std::nullopt;
  print(options, std::move(all), cpu);
  return good ? 0 : 1;
}

}  // namespace
}  // namespace coffer::bench

int main(int argc, char** argv) { return coffer::bench::run(argc, argv); }
