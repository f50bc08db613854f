#include "coffer/envelope/taken_back.h"

#include <algorithm>

#include "changes.h"

namespace coffer::envelope {
namespace {

using RefOf = pkcs11::KeyRef (*)(const Uuid& vault, std::uint32_t version);

constexpr std::size_t kVersionSize = 4;

/// The versions of one of the vault's keys that are on the token, rising.
Result<std::vector<std::uint32_t>> versions_on(pkcs11::Token& token, const Uuid& vault, RefOf ref) {
  COFFER_TRY(const pkcs11::ListedKeys listed, token.list_keys());
  std::vector<std::uint32_t> found;
  for (const pkcs11::ListedKey& key : listed.keys) {
    if (key.id.size() <= kVersionSize) continue;
    std::uint32_t version = 0;
    for (std::size_t i = key.id.size() - kVersionSize; i < key.id.size(); ++i) {
      version = (version << 8U) | key.id[i];
    }
    if (ref(vault, version).id == key.id) found.push_back(version);
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

std::uint32_t newest(const std::vector<std::uint32_t>& versions) {
  return versions.empty() ? 0 : versions.back();
}

}  // namespace

Result<Renewed> renew_keys(SealedStore& store, pkcs11::Token& token, bool always_kek,
                           WallTime now) {
  // The one implementation that there is.
  auto& changes = static_cast<Changes&>(store.key_changes());
  const Keyring& keyring = changes.keyring();
  COFFER_TRY(const auto keks, versions_on(token, keyring.vault(), kek_ref));
  COFFER_TRY(const auto signs, versions_on(token, keyring.vault(), sign_ref));
  Renewed renewed;
  if (newest(signs) > keyring.token().sign_version) {
    COFFER_TRY(renewed.sign, changes.rotate_sign_past(newest(signs), now));
  }
  if (always_kek || newest(keks) > keyring.token().kek_version) {
    COFFER_TRY(renewed.kek, changes.rotate_kek_past(newest(keks), now));
  }
  return renewed;
}

Result<std::vector<Bytes>> sign_keys_on(pkcs11::Token& token, const Uuid& vault) {
  COFFER_TRY(const auto versions, versions_on(token, vault, sign_ref));
  std::vector<Bytes> keys;
  for (auto version = versions.rbegin(); version != versions.rend(); ++version) {
    COFFER_TRY(Bytes key, token.public_key(sign_ref(vault, *version)));
    keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace coffer::envelope
