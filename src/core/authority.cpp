#include "coffer/core/authority.h"

#include <string>

namespace coffer::core {
namespace {

using envelope::RowGroup;
using envelope::Space;

/// Tables by the numbers that the formats give them (docs/formats/settings.md, auth.md).
constexpr Space table(std::uint16_t number) { return {.mount = {}, .table = number}; }

/// Of tokens, whose parent is the version of the key that hashed them. More than are ever reached:
/// each is a rotation.
constexpr int kTokenHashVersions = 256;

std::vector<RowGroup> make() {
  std::vector<RowGroup> groups{{table(2), ""},        // mounts
                               {table(3), ""},        // policies
                               {table(4), ""},        // settings
                               {table(4), "epoch/"},  //
                               {table(8), ""},        // token roles
                               {table(9), ""},        // unix roles
                               {table(9), "role/"},   //
                               {table(13), ""},       // work on keys
                               {table(14), ""}};      // password policies
  for (int version = 1; version <= kTokenHashVersions; ++version) {
    groups.push_back({table(1), std::to_string(version) + "/"});  // tokens
  }
  return groups;
}

}  // namespace

const std::vector<RowGroup>& authority_rows() {
  static const std::vector<RowGroup> groups = make();
  return groups;
}

}  // namespace coffer::core
