// What values are hashed with for the audit log.
#include "coffer/core/unsealed.h"

namespace coffer::core {

Result<std::shared_ptr<const audit::Hasher>> make_hasher(const envelope::Keyring& keyring) {
  const std::uint32_t version = keyring.current_version(envelope::KeyName::audit);
  COFFER_TRY(const ByteView key,
             keyring.key(envelope::KeyName::audit, version, Reveal{"hash values in audit lines"}));
  COFFER_TRY(SecureBytes copy, SecureBytes::copy_of(key));
  return std::shared_ptr<const audit::Hasher>(
      std::make_shared<audit::Hasher>(std::move(copy), version));
}

Result<void> renew_hasher(Unsealed& vault) {
  COFFER_TRY(auto hasher, make_hasher(*vault.keyring));
  vault.trail->use(std::move(hasher));
  return {};
}

}  // namespace coffer::core
