#include "cgroup.h"

#include <algorithm>
#include <optional>

namespace coffer::daemon {
namespace {

constexpr std::size_t kMaxUnit = 255;

UnitPlace unknown() { return {.unit = {}, .container = true}; }

/// Takes what is before the next `separator` off the front.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

/// systemd.unit(5). A cgroup that was removed has " (deleted)" at its end, and so is none.
bool is_unit(std::string_view name) {
  if (name.size() > kMaxUnit) return false;
  if (!name.ends_with(".service") && !name.ends_with(".scope")) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(":-_.\\@").find(c) != std::string_view::npos;
  });
}

/// Groups that container managers make, with systemd's driver or their own. Their daemons are
/// services ("docker.service"), and no containers.
bool is_containers(std::string_view name) {
  constexpr std::string_view kPrefixes[] = {"docker",     "libpod",   "podman-", "crio",  "cri-",
                                            "kubepods",   "lxc",      "lxd",     "incus", "nspawn",
                                            "containerd", "buildkit", "garden",  "ecs"};
  if (name == "machine.slice" || name.starts_with("systemd-nspawn@")) return true;
  if (name.ends_with(".service")) return false;
  const bool hexadecimal = name.size() >= 32 && std::all_of(name.begin(), name.end(), [](char c) {
                             return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                           });
  return hexadecimal || std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                                    [&](std::string_view p) { return name.starts_with(p); });
}

UnitPlace place_in_path(std::string_view path) {
  UnitPlace place;
  bool below_slices = false;
  path.remove_prefix(1);
  while (!path.empty()) {
    const std::string_view name = take(path, '/');
    // Out of what this process sees of the tree (cgroup_namespaces(7)), or a group that is gone.
    if (name.empty() || name == ".." || name.find(' ') != std::string_view::npos) return unknown();
    place.container = place.container || is_containers(name);
    if (below_slices || name.ends_with(".slice")) continue;
    below_slices = true;
    if (is_unit(name)) place.unit = name;
  }
  return place;
}

}  // namespace

UnitPlace place_in_cgroups(std::string_view text) {
  std::optional<std::string_view> unified;  // cgroups version 2
  std::optional<std::string_view> systemd;  // version 1: systemd's own hierarchy
  while (!text.empty()) {
    std::string_view line = take(text, '\n');
    const std::string_view id = take(line, ':');
    const std::string_view controllers = take(line, ':');
    if (id.empty() || !line.starts_with('/')) return unknown();
    if (id == "0" && controllers.empty()) unified = line;
    if (controllers == "name=systemd") systemd = line;
  }
  if (!unified && !systemd) return unknown();
  if (!systemd) return place_in_path(*unified);
  if (!unified) return place_in_path(*systemd);
  const UnitPlace one = place_in_path(*unified);
  UnitPlace other = place_in_path(*systemd);
  other.container = other.container || one.container;
  // Both name the same unit, or one of the two isn't used.
  if (other.unit.empty()) other.unit = one.unit;
  if (!one.unit.empty() && one.unit != other.unit) return unknown();
  return other;
}

}  // namespace coffer::daemon
