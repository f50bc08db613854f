// delete/, undelete/ and destroy/: what happens to versions by their numbers.
#include <charconv>

#include "handlers.h"
#include "stored_key.h"

namespace coffer::engines::kv {
namespace {

using engine::Context;
using model::Request;
using model::Response;

Error no_number() {
  return make_error(ErrorCode::invalid_argument,
                    "field \"versions\" must list numbers of versions, from 1 on");
}

Result<std::uint64_t> to_version(std::string_view text) {
  std::uint64_t version = 0;
  const char* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, version);
  if (problem != std::errc{} || stop != end || version == 0) return no_number();
  return version;
}

/// A list of numbers or strings, "1,2", or one number.
Result<std::vector<std::uint64_t>> versions_of(const Request& request) {
  const auto single = request.fields.integer("versions");
  std::vector<std::string> texts;
  if (single.ok() && *single) {
    texts.push_back(std::to_string(**single));
  } else {
    COFFER_TRY(auto given, request.fields.strings("versions"));
    texts = std::move(given).value_or(texts);
  }
  if (texts.empty()) return no_number();
  std::vector<std::uint64_t> versions;
  versions.reserve(texts.size());
  for (const std::string& text : texts) {
    COFFER_TRY(const std::uint64_t version, to_version(text));
    versions.push_back(version);
  }
  return versions;
}

/// `change` tells whether it changed anything. Versions that aren't there are passed over, as in
/// Vault: the answer is the same for a key that never was.
template <typename Change>
Result<Response> change_versions(Context& context, const Request& request, std::string_view path,
                                 Change change) {
  COFFER_TRY(const auto versions, versions_of(request));
  COFFER_TRY(StoredKey key, load(context, path));
  bool changed = false;
  for (const std::uint64_t version : versions) {
    const auto found = key.metadata.versions.find(version);
    if (found == key.metadata.versions.end() || found->second.destroyed) continue;
    COFFER_TRY(const bool did, change(version, found->second));
    changed = changed || did;
  }
  if (changed) COFFER_CHECK(save(context, path, key));
  return Response{.outcome = model::Outcome::empty};
}

}  // namespace

Result<Response> delete_versions(Context& context, const Request& request, std::string_view path) {
  return change_versions(context, request, path,
                         [&](std::uint64_t /*version*/, VersionState& state) -> Result<bool> {
                           if (state.deleted(context.now)) return false;
                           state.deletion = context.now;
                           return true;
                         });
}

Result<Response> undelete_versions(Context& context, const Request& request,
                                   std::string_view path) {
  return change_versions(context, request, path,
                         [](std::uint64_t /*version*/, VersionState& state) -> Result<bool> {
                           const bool had = state.has_deletion();
                           state.deletion = {};
                           return had;
                         });
}

Result<Response> destroy_versions(Context& context, const Request& request, std::string_view path) {
  return change_versions(context, request, path,
                         [&](std::uint64_t version, VersionState& state) -> Result<bool> {
                           COFFER_CHECK(destroy(context, path, version, state));
                           return true;
                         });
}

}  // namespace coffer::engines::kv
