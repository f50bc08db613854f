// What the running daemon is made of, as CycloneDX 1.5: libraries that are mapped into it, with the
// hashes of their files and the packages that they came with; and what was compiled in.
#include <dirent.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "coffer/base/version.h"
#include "coffer/crypto/digest.h"
#include "handlers.h"

namespace coffer::sys {
namespace {

/// "GNU@12.2.0,nlohmann_json@3.11.2", of the build (src/rooms.cmake).
constexpr std::string_view kBuiltWith = COFFER_BUILT_WITH;
constexpr const char* kPackages = "/var/lib/dpkg/info";
constexpr const char* kPackageStatus = "/var/lib/dpkg/status";

struct Library {
  std::string path;
  std::string package{};
  std::string version{};
};

/// /proc/self/maps: the file is what follows the fifth column.
std::set<std::string> mapped_files() {
  std::set<std::string> files;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const std::size_t path = line.find('/');
    if (path != std::string::npos && line.find(".so", path) != std::string::npos) {
      files.insert(line.substr(path));
    }
  }
  return files;
}

/// Debian links /lib to /usr/lib, and packages name their files either way.
std::string as_packaged(const std::string& path) {
  return path.starts_with("/usr/lib/") ? path.substr(4) : path;
}

std::vector<std::string> package_lists() {
  std::vector<std::string> names;
  DIR* const directory = ::opendir(kPackages);
  if (directory == nullptr) return names;
  while (const dirent* entry = ::readdir(directory)) {
    const std::string name = entry->d_name;
    if (name.starts_with("lib") && name.ends_with(".list")) names.push_back(name);
  }
  ::closedir(directory);
  std::sort(names.begin(), names.end());
  return names;
}

void find_packages(std::vector<Library>& libraries) {
  std::map<std::string, Library*, std::less<>> wanted;
  for (Library& one : libraries) wanted.emplace(as_packaged(one.path), &one);
  for (const std::string& name : package_lists()) {
    std::ifstream list(std::string(kPackages) + "/" + name);
    for (std::string line; std::getline(list, line);) {
      const auto found = wanted.find(as_packaged(line));
      if (found == wanted.end()) continue;
      const std::string package = name.substr(0, name.size() - std::string_view(".list").size());
      found->second->package = package.substr(0, package.find(':'));
    }
  }
}

void find_versions(std::vector<Library>& libraries) {
  std::ifstream status(kPackageStatus);
  std::string package;
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Package: ")) package = line.substr(9);
    if (!line.starts_with("Version: ")) continue;
    for (Library& one : libraries) {
      if (one.package == package) one.version = line.substr(9);
    }
  }
}

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// "" if the file isn't there any more: it was replaced while the daemon runs.
std::string hash_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in.is_open()) return {};
  std::string content;
  std::array<char, 65536> piece{};
  while (in.read(piece.data(), piece.size()) || in.gcount() > 0) {
    content.append(piece.data(), static_cast<std::size_t>(in.gcount()));
  }
  const auto hash = crypto::sha256(as_bytes(content));
  return hash.ok() ? to_hex(*hash) : std::string();
}

void append_library(JsonWriter& json, const Library& library) {
  json.begin_object().key("type").string("library").key("name").string(name_of(library.path));
  if (!library.version.empty()) {
    json.key("version").string(library.version);
    json.key("purl").string("pkg:deb/debian/" + library.package + "@" + library.version);
  }
  if (const std::string hash = hash_of(library.path); !hash.empty()) {
    json.key("hashes").begin_array().begin_object().key("alg").string("SHA-256");
    json.key("content").string(hash).end_object().end_array();
  }
  json.end_object();
}

void append_built_with(JsonWriter& json) {
  std::istringstream all{std::string(kBuiltWith)};
  for (std::string one; std::getline(all, one, ',');) {
    const std::size_t at = one.rfind('@');
    if (at == std::string::npos || at + 1 == one.size()) continue;
    json.begin_object().key("type").string("library").key("name").string(one.substr(0, at));
    json.key("version").string(one.substr(at + 1)).key("description");
    json.string("compiled in").end_object();
  }
}

Result<Response> sbom(Call& call) {
  std::vector<Library> libraries;
  for (const std::string& path : mapped_files()) libraries.push_back({.path = path});
  find_packages(libraries);
  find_versions(libraries);
  JsonWriter json;
  json.begin_object().key("bomFormat").string("CycloneDX").key("specVersion").string("1.5");
  json.key("version").number(1).key("metadata").begin_object();
  json.key("timestamp").string(to_rfc3339(call.context.now)).key("component").begin_object();
  json.key("type").string("application").key("name").string("coffer");
  json.key("version").string(kVersion);
  if (const std::string hash = hash_of("/proc/self/exe"); !hash.empty()) {
    json.key("hashes").begin_array().begin_object().key("alg").string("SHA-256");
    json.key("content").string(hash).end_object().end_array();
  }
  json.end_object().end_object().key("components").begin_array();
  for (const Library& library : libraries) append_library(json, library);
  append_built_with(json);
  json.end_array().end_object();
  return answer(std::move(json));
}

}  // namespace

std::span<const Handler> sbom_handlers() {
  static constexpr Handler kHandlers[] = {
      {{.operation = Operation::read,
        .pattern = "sbom",
        .sudo = true,
        .help = "What the daemon that runs is made of, as CycloneDX: libraries and their hashes."},
       sbom},
  };
  return kHandlers;
}

}  // namespace coffer::sys
