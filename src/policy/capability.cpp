#include "capability.h"

namespace coffer::policy {

Capabilities capability(std::string_view word) noexcept {
  for (std::size_t bit = 0; bit < kCapabilityWords.size(); ++bit) {
    if (kCapabilityWords[bit] == word) return static_cast<Capabilities>(1U << bit);
  }
  return 0;
}

Capabilities legacy_policy(std::string_view word) noexcept {
  constexpr Capabilities kLegacyRead = kRead | kList;
  constexpr Capabilities kLegacyWrite = kLegacyRead | kCreate | kUpdate | kDelete;
  if (word == "deny") return kDeny;
  if (word == "read") return kLegacyRead;
  if (word == "write") return kLegacyWrite;
  if (word == "sudo") return kLegacyWrite | kSudo;
  return 0;
}

Capabilities needed(model::Operation operation) noexcept {
  using model::Operation;
  switch (operation) {
    case Operation::read: return kRead;
    case Operation::list: return kList;
    case Operation::scan: return kScan;
    case Operation::create: return kCreate;
    case Operation::update: return kUpdate;
    case Operation::patch: return kPatch;
    case Operation::remove: return kDelete;
    case Operation::help: return 0;
  }
  return kDeny;  // an operation that nobody knows: no rule grants it
}

std::vector<std::string> in_words(Capabilities capabilities) {
  if (capabilities == 0 || (capabilities & kDeny) != 0) return {"deny"};
  std::vector<std::string> words;
  for (std::size_t bit = 0; bit < kCapabilityWords.size(); ++bit) {
    if ((capabilities >> bit & 1U) != 0) words.emplace_back(kCapabilityWords[bit]);
  }
  return words;
}

}  // namespace coffer::policy
