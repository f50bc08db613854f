// What the running daemon is made of, as CycloneDX 1.5: libraries that are mapped into it, the
// programs that it starts and the token's module, which one of them loads, with the hashes of their
// files and the packages that they came with; and what was compiled in.
#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "coffer/base/version.h"
#include "coffer/crypto/digest.h"
#include "coffer/pkcs11/supervisor.h"
#include "handlers.h"

namespace coffer::sys {
namespace {

/// "GNU@12.2.0,nlohmann_json@3.11.2", of the build (src/rooms.cmake).
constexpr std::string_view kBuiltWith = COFFER_BUILT_WITH;
constexpr const char* kPackages = "/var/lib/dpkg/info";
constexpr const char* kPackageStatus = "/var/lib/dpkg/status";

struct Part {
  std::string path;
  std::string_view type = "library";
  std::string_view description{};
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

/// Those of libraries first, so that the others are read only for what is in none of them.
std::vector<std::string> package_lists() {
  std::vector<std::string> names;
  DIR* const directory = ::opendir(kPackages);
  if (directory == nullptr) return names;
  while (const dirent* entry = ::readdir(directory)) {
    const std::string name = entry->d_name;
    if (name.ends_with(".list")) names.push_back(name);
  }
  ::closedir(directory);
  std::sort(names.begin(), names.end());
  std::stable_partition(names.begin(), names.end(),
                        [](const std::string& name) { return name.starts_with("lib"); });
  return names;
}

void find_packages(std::vector<Part>& parts) {
  std::map<std::string, Part*, std::less<>> wanted;
  for (Part& one : parts) wanted.emplace(as_packaged(one.path), &one);
  for (const std::string& name : package_lists()) {
    if (wanted.empty()) return;
    std::ifstream list(std::string(kPackages) + "/" + name);
    for (std::string line; std::getline(list, line);) {
      const auto found = wanted.find(as_packaged(line));
      if (found == wanted.end()) continue;
      const std::string package = name.substr(0, name.size() - std::string_view(".list").size());
      found->second->package = package.substr(0, package.find(':'));
      wanted.erase(found);
    }
  }
}

void find_versions(std::vector<Part>& parts) {
  std::ifstream status(kPackageStatus);
  std::string package;
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Package: ")) package = line.substr(9);
    if (!line.starts_with("Version: ")) continue;
    for (Part& one : parts) {
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

void append_hash(JsonWriter& json, const std::string& path) {
  const std::string hash = hash_of(path);
  if (hash.empty()) return;
  json.key("hashes").begin_array().begin_object().key("alg").string("SHA-256");
  json.key("content").string(hash).end_object().end_array();
}

void append_part(JsonWriter& json, const Part& part) {
  json.begin_object().key("type").string(part.type).key("name").string(name_of(part.path));
  if (!part.version.empty()) {
    json.key("version").string(part.version);
    json.key("purl").string("pkg:deb/debian/" + part.package + "@" + part.version);
  }
  if (!part.description.empty()) json.key("description").string(part.description);
  append_hash(json, part.path);
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

/// Links followed, as /proc shows what is mapped; itself if it isn't there.
std::string real_path(const std::string& path) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(path, error);
  return error ? path : real.string();
}

std::vector<Part> find_parts(const std::string& configured_module) {
  std::vector<Part> parts;
  std::set<std::string> libraries = mapped_files();
  const std::string module = configured_module.empty() ? "" : real_path(configured_module);
  if (!module.empty()) libraries.insert(module);
  for (const std::string& path : libraries) {
    parts.push_back({.path = path});
    if (path == module) parts.back().description = "the token's PKCS#11 module";
  }
  for (const std::string_view program : {"coffer-token", "coffer-exec"}) {
    const auto path = pkcs11::program_beside_this(program);
    if (!path.ok() || ::access(path->c_str(), F_OK) != 0) continue;
    parts.push_back({.path = *path, .type = "application", .description = "started by cofferd"});
  }
  find_packages(parts);
  find_versions(parts);
  return parts;
}

Result<Response> sbom(Call& call) {
  JsonWriter json;
  json.begin_object().key("bomFormat").string("CycloneDX").key("specVersion").string("1.5");
  json.key("version").number(1).key("metadata").begin_object();
  json.key("timestamp").string(to_rfc3339(call.context.now)).key("component").begin_object();
  json.key("type").string("application").key("name").string("coffer");
  json.key("version").string(kVersion);
  append_hash(json, "/proc/self/exe");
  json.end_object().end_object().key("components").begin_array();
  for (const Part& part : find_parts(call.parts.module)) append_part(json, part);
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
