#include "coffer/pkcs11/profile.h"

#include <algorithm>
#include <array>

namespace coffer::pkcs11 {
namespace {

constexpr std::array kProfiles = {
    Profile{.name = "generic-gcm"},
    Profile{.name = "generic-oaep", .wrap = WrapScheme::rsa_oaep_sha256},
    Profile{.name = "generic-oaep-sha1", .wrap = WrapScheme::rsa_oaep_sha1},
};

}  // namespace

std::span<const Profile> all_profiles() noexcept { return kProfiles; }

Result<Profile> choose_profile(std::string_view name, const TokenInfo&) {
  if (name == "auto") return kProfiles.front();
  const auto found = std::find_if(kProfiles.begin(), kProfiles.end(),
                                  [name](const Profile& each) { return each.name == name; });
  if (found == kProfiles.end()) {
    return make_error(ErrorCode::invalid_argument, "no token profile has this name");
  }
  return *found;
}

}  // namespace coffer::pkcs11
