#include "check_and_set.h"

#include <algorithm>

namespace coffer::engines::kv {
namespace {

constexpr std::size_t kMaxNamed = 8;
constexpr std::size_t kMaxName = 64;

Result<std::optional<std::int64_t>> cas_of(const model::Request& request) {
  COFFER_TRY(const std::optional<model::Fields> options, request.fields.object("options"));
  if (!options) return std::optional<std::int64_t>();
  return options->integer("cas");
}

void add_unknown(const model::Fields& fields, std::string_view of,
                 std::initializer_list<std::string_view> known, std::vector<std::string>& ignored) {
  for (const std::string_view name : fields.names()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    ignored.push_back("\"" + std::string(of) + std::string(name.substr(0, kMaxName)) + "\"");
  }
}

}  // namespace

Result<void> check_cas(const model::Request& request, const KeyMetadata& metadata,
                       const KvConfig& config) {
  COFFER_TRY(const std::optional<std::int64_t> cas, cas_of(request));
  if (!cas) {
    if (!metadata.cas_required && !config.cas_required) return {};
    return make_error(ErrorCode::precondition, "check-and-set parameter required for this call");
  }
  if (request.operation == model::Operation::patch && *cas <= 0) {
    return make_error(ErrorCode::invalid_argument,
                      "check-and-set parameter of a patch must be greater than 0");
  }
  if (*cas < 0 || static_cast<std::uint64_t>(*cas) != metadata.current_version) {
    return make_error(ErrorCode::precondition,
                      "check-and-set parameter did not match the current version");
  }
  return {};
}

std::vector<std::string> ignored_fields(const model::Request& request) {
  std::vector<std::string> ignored;
  add_unknown(request.fields, "", {"data", "options"}, ignored);
  const auto options = request.fields.object("options");
  if (options.ok() && *options) add_unknown(**options, "options.", {"cas"}, ignored);
  if (ignored.empty()) return {};
  std::string text("these fields mean nothing here and were ignored: ");
  for (std::size_t i = 0; i < std::min(ignored.size(), kMaxNamed); ++i) {
    text += (i == 0 ? "" : ", ") + ignored[i];
  }
  if (ignored.size() > kMaxNamed) text += ", ...";
  return {std::move(text)};
}

}  // namespace coffer::engines::kv
