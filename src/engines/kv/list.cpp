// Names of keys: those of one folder, or all below one that the caller may read.
#include <algorithm>
#include <functional>
#include <limits>

#include "coffer/model/json_writer.h"
#include "handlers.h"
#include "stored_key.h"

namespace coffer::engines::kv {
namespace {

using engine::Context;
using model::Operation;
using model::Request;
using model::Response;

/// Names of keys and folders that one scan looks at, those included that the caller may not see.
/// Some 0.5 s of one worker.
constexpr std::size_t kMaxScanned = 100'000;

/// Sorted; a folder's name ends in a slash. `at_most` of the keys, and of the folders.
Result<std::vector<std::string>> names_in(Context& context, std::string_view folder,
                                          std::size_t at_most) {
  const Uuid& mount = context.mount.uuid;
  COFFER_TRY(auto keys, context.tx.list_some({mount, kMetadataTable}, folder, at_most));
  COFFER_TRY(auto folders, context.tx.list_some({mount, kFolderTable}, folder, at_most));
  std::vector<std::string> names;
  names.reserve(keys.size() + folders.size());
  for (auto& row : keys) names.push_back(std::move(row.name));
  for (auto& row : folders) names.push_back(std::move(row.name));
  std::sort(names.begin(), names.end());
  return names;
}

Result<Response> answer(const std::vector<std::string>& names) {
  if (names.empty()) return no_such_secret();
  model::JsonWriter json;
  json.begin_object().key("keys").begin_array();
  for (const std::string& name : names) json.string(name);
  json.end_array().end_object();
  return Response{.data = std::move(json).take()};
}

/// A walk through all folders below one. Folders are looked into whatever the caller may do there:
/// a policy can let him read a key deep down and nothing on the way.
class Scan final {
 public:
  /// `shows` is asked with a key's path below the mount.
  Scan(Context& context, std::function<bool(std::string_view key)> shows)
      : context_(context), shows_(std::move(shows)) {}

  Result<Response> run(std::string_view folder) {
    COFFER_CHECK(walk(std::string(folder), {}));
    return answer(found_);
  }

 private:
  /// `below`: `folder` as seen from where the scan began. Paths have at most kMaxSegments parts, so
  /// the depth is bounded too.
  Result<void> walk(const std::string& folder, const std::string& below) {
    COFFER_TRY(const std::vector<std::string> names, names_in(context_, folder, kMaxScanned + 1));
    looked_at_ += names.size();
    if (looked_at_ > kMaxScanned) {
      return make_error(ErrorCode::invalid_argument,
                        "too much to scan: more than 100000 keys and folders; scan a folder of it");
    }
    for (const std::string& name : names) {
      if (name.ends_with('/')) {
        COFFER_CHECK(walk(folder + name, below + name));
      } else if (shows_(folder + name)) {
        found_.push_back(below + name);
      }
    }
    return {};
  }

  Context& context_;
  std::function<bool(std::string_view)> shows_;
  std::vector<std::string> found_;
  std::size_t looked_at_ = 0;
};

bool may_read(const Context& context, std::string_view prefix, std::string_view key) {
  std::string path(context.mount.path);
  path.append(prefix).append(key);
  return context.access.may(Operation::read, path);
}

}  // namespace

Result<Response> list_keys(Context& context, const Request& /*request*/, std::string_view folder) {
  constexpr auto kAll = std::numeric_limits<std::size_t>::max();
  COFFER_TRY(const std::vector<std::string> names, names_in(context, folder, kAll));
  return answer(names);
}

Result<Response> scan_keys(Context& context, const Request& /*request*/, std::string_view folder) {
  return Scan(context,
              [&](std::string_view key) {
                return may_read(context, "data/", key) || may_read(context, "metadata/", key);
              })
      .run(folder);
}

Result<Response> scan_keys_of_version1(Context& context, const Request& /*request*/,
                                       std::string_view folder) {
  return Scan(context, [&](std::string_view key) { return may_read(context, "", key); })
      .run(folder);
}

}  // namespace coffer::engines::kv
