#include "fakes/faulty_module.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "fakes/softhsm.h"

namespace coffer::fakes {
namespace {

constexpr std::size_t kNameSize = 24;
constexpr std::size_t kHeader = 8 + 8 + 32 * 8;  // tests/fault/p11_fault/counts.h

std::string make_directory() {
  std::string path = std::filesystem::temp_directory_path().string() + "/p11-fault-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) std::abort();
  return path;
}

}  // namespace

FaultyModule& FaultyModule::get() {
  static FaultyModule instance;
  return instance;
}

FaultyModule::FaultyModule() : path_(COFFER_P11_FAULT_MODULE), directory_(make_directory()) {
  ::setenv("COFFER_P11_FAULT", (directory_ + "/script").c_str(), 1);
  set({});
  static const std::string directory = directory_;
  static_cast<void>(std::atexit([] {
    std::error_code ignored;
    std::filesystem::remove_all(directory, ignored);
  }));
}

void FaultyModule::set(std::string_view rules) {
  // Renamed into place, so that no call reads half of it.
  const std::string next = directory_ + "/next";
  std::ofstream script(next);
  script << "module " << kSoftHsmModule << "\ncounts " << directory_ << "/counts\n" << rules;
  script.close();
  if (!script || std::rename(next.c_str(), (directory_ + "/script").c_str()) != 0) std::abort();
}

std::uint64_t FaultyModule::number(std::string_view function, std::size_t which) const {
  std::ifstream file(directory_ + "/counts", std::ios::binary);
  file.seekg(kHeader);
  struct {
    char name[kNameSize];
    std::uint64_t numbers[2];
  } row{};
  while (file.read(reinterpret_cast<char*>(&row), sizeof row)) {
    if (function == static_cast<const char*>(row.name)) return row.numbers[which];
  }
  return 0;
}

std::uint64_t FaultyModule::calls(std::string_view function) const { return number(function, 0); }
std::uint64_t FaultyModule::failed(std::string_view function) const { return number(function, 1); }

}  // namespace coffer::fakes
