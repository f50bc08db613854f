#include "bundle.h"

#include <filesystem>
#include <system_error>

#include "bundle_tar.h"
#include "files.h"

namespace coffer::ceremony {
namespace {

constexpr std::string_view kPlan = "plan.json";

/// Where the plan lies is the ceremony's directory; with its last slash, or empty.
Result<std::string> prefix_of(const TarFiles& tar) {
  std::optional<std::string> found;
  for (const auto& file : tar.files) {
    const std::string_view name = file.first;
    if (name != kPlan && !name.ends_with("/plan.json")) continue;
    if (found) {
      return make_error(ErrorCode::corrupt, "the bundle has files of more than one ceremony");
    }
    found = name.substr(0, name.size() - kPlan.size());
  }
  if (found) return *std::move(found);
  return make_error(ErrorCode::not_found, "the bundle has no plan.json");
}

std::string below(const std::string& prefix, const std::string& name) {
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

}  // namespace

Result<Bundle> Bundle::open(const std::string& path) {
  Bundle bundle;
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    bundle.directory_ = path;
    for (std::filesystem::directory_iterator each(path, error), end; !error && each != end;
         each.increment(error)) {
      bundle.names_.insert(each->path().filename().string());
    }
    if (!error) return bundle;
    return make_error(ErrorCode::unavailable, "cannot read " + path, error.message());
  }
  COFFER_TRY(TarFiles tar, read_tar(path));
  COFFER_TRY(const std::string prefix, prefix_of(tar));
  bundle.packed_.emplace();
  for (auto& [name, content] : tar.files) {
    bundle.names_.insert(below(prefix, name));
    bundle.packed_->emplace(below(prefix, name), std::move(content));
  }
  for (const std::string& name : tar.directories) {
    const bool above = name.empty() || prefix.starts_with(name + "/");
    if (!above) bundle.names_.insert(below(prefix, name));
  }
  return bundle;
}

Result<std::string> Bundle::read(const std::string& name, std::size_t most) const {
  if (!packed_) return read_own_file(directory_ + "/" + name, most);
  const auto found = packed_->find(name);
  if (found == packed_->end()) {
    return make_error(ErrorCode::not_found, "the bundle has no " + name);
  }
  if (found->second.size() <= most) return found->second;
  return make_error(ErrorCode::too_large, "a file of the bundle is too large: " + name);
}

}  // namespace coffer::ceremony
