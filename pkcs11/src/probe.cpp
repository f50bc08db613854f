#include "coffer/pkcs11/probe.h"

#include <algorithm>
#include <array>

#include "coffer/crypto/random.h"
#include "connect.h"
#include "inspect.h"
#include "keygen.h"
#include "probe_limits.h"
#include "slots.h"

namespace coffer::pkcs11 {
namespace {

constexpr std::string_view kLabel = "coffer probe";

std::string cause_of(const Error& error) {
  return error.cause.empty() ? std::string(error.text)
                             : std::string(error.text) + " (" + std::string(error.cause) + ")";
}

/// Makes a key of that kind as the vault would, and has it do its work.
Result<void> try_kind(const Connection& token, KeyKind kind, const Profile& profile) {
  COFFER_TRY(const Bytes id, crypto::random_bytes(21));
  const KeyRef key{id};
  COFFER_TRY(Session maker, Session::open(*token.module, token.slot, Access::read_write));
  auto made = make_key(maker, kind, profile, key, kLabel, Offers::with);
  if (!made.ok()) {
    COFFER_TRY(maker, Session::open(*token.module, token.slot, Access::read_write));
    COFFER_TRY(made, make_key(maker, kind, profile, key, kLabel, Offers::without));
  }
  Result<void> tried;
  {
    auto session = Session::open(*token.module, token.slot, Access::read_only);
    if (!session.ok()) {
      tried = std::move(session).error();
    } else if (auto found = inspect(*session, role_of(kind), key, profile); !found.ok()) {
      tried = std::move(found).error();
    }
  }
  destroy_key(maker, *made);
  return tried;
}

Finding found(std::string_view check, const Result<void>& tried) {
  if (tried.ok()) return {std::string(check), Verdict::works, {}};
  return {std::string(check), Verdict::cannot, cause_of(tried.error())};
}

/// Each scheme by itself, with what the make's profile says of all else.
void try_schemes(const Connection& token, ProbeReport& report) {
  constexpr std::array<std::pair<std::string_view, WrapScheme>, 3> kWraps = {
      {{kWrapAesGcm, WrapScheme::aes_gcm},
       {kWrapRsaOaepSha256, WrapScheme::rsa_oaep_sha256},
       {kWrapRsaOaepSha1, WrapScheme::rsa_oaep_sha1}}};
  Profile profile = token.profile;
  for (const auto& [name, scheme] : kWraps) {
    profile.wrap = scheme;
    report.findings.push_back(
        found(name, try_kind(token, kind_for(KeyRole::kek, profile), profile)));
  }
  for (const auto& [name, kind] :
       {std::pair{"ecdsa-p256", KeyKind::sign_p256}, std::pair{"rsa-pss", KeyKind::sign_rsa}}) {
    report.findings.push_back(found(name, try_kind(token, kind, profile)));
  }
}

bool fits(const Connection& token, const Profile& profile) {
  return try_kind(token, kind_for(KeyRole::kek, profile), profile).ok() &&
         try_kind(token, kind_for(KeyRole::sign, profile), profile).ok();
}

/// The make's own first; those that belong to other makes never.
std::string profile_that_fits(const Connection& token) {
  if (fits(token, token.profile)) return std::string(token.profile.name);
  for (const Profile& each : all_profiles()) {
    if (each.library.empty() && fits(token, each)) return std::string(each.name);
  }
  return {};
}

}  // namespace

std::string_view to_string(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::works: return "works";
    case Verdict::cannot: return "cannot";
    case Verdict::ignored: return "ignored";
  }
  return "";
}

Result<ProbeReport> probe_token(const TokenConfig& config, const SecureBytes& pin) {
  COFFER_CHECK(check_profile_name(config.profile));
  COFFER_TRY(const TokenUri uri, TokenUri::parse(config.uri));
  COFFER_TRY(std::unique_ptr<Module> module, Module::load(config.module_path));
  COFFER_TRY(const Connection token, connect(std::move(module), uri, pin, FewTries::refuse, nullptr,
                                             {config.profile, config.init_string, true}));
  ProbeReport report;
  report.token = describe_token(token.info);
  COFFER_TRY(const Make make, read_make(*token.module, token.info));
  report.library = make.library;
  report.by_make = token.profile.name;
  try_schemes(token, report);
  COFFER_CHECK(try_limits(*token.module, token.slot, report.findings));
  report.fits = profile_that_fits(token);
  return report;
}

}  // namespace coffer::pkcs11
