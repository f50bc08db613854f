#include "custom_metadata.h"

namespace coffer::engines::kv {
namespace {

Error refused(std::string_view rule) {
  return make_error(ErrorCode::invalid_argument, "field \"custom_metadata\" " + std::string(rule));
}

}  // namespace

Result<CustomMetadata> merged_custom(CustomMetadata before, const model::Fields& given,
                                     bool nulls) {
  for (const std::string_view name : given.names()) {
    if (name.empty() || name.size() > kMaxCustomName) {
      return refused("must have names of 1 to 128 bytes");
    }
    const auto value = given.string(name);
    if (!value.ok() || (!*value && !nulls)) return refused("must hold strings alone");
    if (!*value) {
      before.erase(std::string(name));
      continue;
    }
    if ((*value)->size() > kMaxCustomValue) return refused("must have values of at most 512 bytes");
    before.insert_or_assign(std::string(name), **value);
  }
  if (before.size() > kMaxCustomEntries) return refused("must have at most 64 names");
  return before;
}

}  // namespace coffer::engines::kv
