// All secrets that are rotated, and how that goes.
#include <algorithm>

#include "coffer/lifecycle/rotation_index.h"
#include "handlers.h"

namespace coffer::sys {
namespace {

constexpr std::size_t kMaxListed = 10'000;

void append_time(JsonWriter& json, std::string_view name, WallTime time) {
  json.key(name);
  if (time == WallTime()) {
    json.null();
  } else {
    json.string(to_rfc3339(time));
  }
}

struct Named {
  std::string path;  ///< with its mount's
  lifecycle::RotationEntry entry;
};

/// Of a mount that is gone the rows may stand until it is cleared.
Result<std::vector<Named>> all_of(Call& call, bool& whole) {
  COFFER_TRY(const auto table, call.vault->mounts->table(call.context.tx));
  COFFER_TRY(auto entries, lifecycle::list_rotations(call.context.tx, kMaxListed));
  whole = entries.size() < kMaxListed;
  std::vector<Named> named;
  for (lifecycle::RotationEntry& entry : entries) {
    for (const core::MountTable::Entry& mounted : table->all()) {
      if (mounted.builtin || mounted.mount.uuid != entry.mount) continue;
      std::string path = mounted.mount.path + entry.path;
      named.push_back({std::move(path), std::move(entry)});
      break;
    }
  }
  std::sort(named.begin(), named.end(),
            [](const Named& a, const Named& b) { return a.path < b.path; });
  return named;
}

Result<Response> list(Call& call) {
  bool whole = true;
  COFFER_TRY(const std::vector<Named> all, all_of(call, whole));
  if (all.empty()) return make_error(ErrorCode::not_found, "");
  JsonWriter json;
  json.begin_object().key("keys").begin_array();
  for (const Named& one : all) json.string(one.path);
  json.end_array().key("key_info").begin_object();
  for (const auto& [path, entry] : all) {
    json.key(path).begin_object().key("rotator").string(entry.rotator);
    json.key("phase").string(entry.phase).key("paused").boolean(entry.paused);
    append_time(json, "next", entry.paused ? WallTime() : entry.next);
    append_time(json, "last", entry.last);
    json.key("failures").number(entry.failures).key("trouble").string(entry.trouble);
    json.end_object();
  }
  json.end_object().end_object();
  Response response = answer(std::move(json));
  if (!whole) {
    response.warnings.push_back("there may be more: " + std::to_string(kMaxListed) + " are listed");
  }
  return response;
}

}  // namespace

std::span<const Handler> rotation_handlers() {
  static constexpr Handler kHandlers[] = {
      {{.operation = Operation::list,
        .pattern = "rotation/",
        .help =
            "All secrets that are rotated: their rotator, phase and next time, and what failed."},
       list},
  };
  return kHandlers;
}

}  // namespace coffer::sys
