#include "contexts.h"

#include "packer.h"

namespace coffer::envelope {

std::string content_context(const Uuid& vault, const Uuid& record, std::uint8_t suite,
                            const SecretContext& secret) {
  constexpr std::size_t kFixedSize = 128;
  return Packer(kFixedSize + secret.path.size())
      .text(kContentLabel)
      .blob(vault)
      .blob(record)
      .blob(secret.mount)
      .text(secret.path)
      .u64(secret.version)
      .u8(suite)
      .take();
}

std::string record_wrap_context(const Uuid& vault, const Uuid& record, const Uuid& token,
                                std::uint32_t kek_version) {
  constexpr std::size_t kSize = 4 + kRecordWrapLabel.size() + 3 * (4 + 16) + 4;
  return Packer(kSize)
      .text(kRecordWrapLabel)
      .blob(vault)
      .blob(record)
      .blob(token)
      .u32(kek_version)
      .take();
}

std::string keyring_wrap_context(const Uuid& vault, const Uuid& token, std::uint32_t kek_version) {
  constexpr std::size_t kSize = 4 + kKeyringWrapLabel.size() + 2 * (4 + 16) + 4;
  return Packer(kSize).text(kKeyringWrapLabel).blob(vault).blob(token).u32(kek_version).take();
}

}  // namespace coffer::envelope
