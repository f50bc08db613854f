#include "coffer/pkcs11/profile.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace coffer::pkcs11 {
namespace {

// Tried as docs/tokens.md tells; those of hardware are by the makers' documents.
constexpr unsigned long kLocal = 0x163;  // CKA_LOCAL
constexpr std::array kNssLacks = {kLocal};

constexpr std::array kProfiles = {
    Profile{.name = "softhsm",
            .about = "SoftHSM 2: AES-GCM; its OAEP knows SHA-1 alone",
            .library = "SoftHSM"},
    Profile{.name = "nss",
            .about = "NSS softokn: its keys can be copied out, for tests only",
            .library = "Mozilla Foundation NSS",
            .allowed_mechanisms = false,
            .lacks = kNssLacks,
            .holds_data = false,
            .insecure = true},
    Profile{.name = "opencryptoki-sw",
            .about = "openCryptoki's software token: no AES-GCM, no elliptic curves",
            .library = "IBM Meta PKCS11 LIBRARY",
            .model = "IBM SoftTok",
            .wrap = WrapScheme::rsa_oaep_sha256,
            .sign = SignScheme::rsa_pss,
            .allowed_mechanisms = false},
    Profile{.name = "tpm2-pkcs11",
            .about = "a TPM 2.0 by tpm2-pkcs11: RSA of 2048 bits, one thread at a time",
            .library = "tpm2-software.github.io TPM2",
            .wrap = WrapScheme::rsa_oaep_sha256,
            .rsa_bits = 2048,
            .states_usages_off = false,
            .one_at_a_time = true,
            .holds_data = false},
    Profile{.name = "generic-gcm", .about = "AES-GCM by the standard, IVs of ours"},
    Profile{.name = "generic-gcm-written-back",
            .about = "AES-GCM whose IV the token makes, and writes over zeros",
            .iv = IvHabit::written_back},
    Profile{.name = "generic-gcm-appended",
            .about = "AES-GCM whose IV the token makes, and appends",
            .iv = IvHabit::appended},
    Profile{.name = "generic-oaep",
            .about = "RSA-OAEP with SHA-256",
            .wrap = WrapScheme::rsa_oaep_sha256},
    Profile{.name = "generic-oaep-sha1",
            .about = "RSA-OAEP with SHA-1",
            .wrap = WrapScheme::rsa_oaep_sha1},
    Profile{.name = "generic-rsa",
            .about = "RSA alone: OAEP with SHA-256, signatures by PSS",
            .wrap = WrapScheme::rsa_oaep_sha256,
            .sign = SignScheme::rsa_pss},
};

constexpr std::string_view kAuto = "auto";
constexpr std::string_view kDefault = "generic-gcm";

const Profile* find(std::string_view name) noexcept {
  const auto* const found = std::find_if(kProfiles.begin(), kProfiles.end(),
                                         [name](const Profile& each) { return each.name == name; });
  return found == kProfiles.end() ? nullptr : found;
}

bool is_made_so(const Profile& profile, const Make& make) {
  return !profile.library.empty() && make.library.starts_with(profile.library) &&
         make.model.starts_with(profile.model);
}

}  // namespace

std::span<const Profile> all_profiles() noexcept { return kProfiles; }

Result<void> check_profile_name(std::string_view name) {
  if (name == kAuto || find(name) != nullptr) return {};
  std::string names(kAuto);
  for (const Profile& each : kProfiles) names.append(", ").append(each.name);
  return make_error(ErrorCode::invalid_argument,
                    fmt::format("no token profile has this name: there are {}", names));
}

Result<Profile> choose_profile(std::string_view name, const Make& make) {
  COFFER_CHECK(check_profile_name(name));
  const auto* const made =
      std::find_if(kProfiles.begin(), kProfiles.end(),
                   [&](const Profile& each) { return is_made_so(each, make); });
  if (name == kAuto && made != kProfiles.end()) return *made;
  const Profile* const named = find(name == kAuto ? kDefault : name);
  if (named != nullptr) return *named;
  return make_error(ErrorCode::internal, "a token profile went missing");
}

}  // namespace coffer::pkcs11
