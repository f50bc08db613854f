#include "coffer/core/passwords.h"

#include <algorithm>

#include "coffer/base/codec.h"
#include "coffer/crypto/random_text.h"

namespace coffer::core {
namespace {

constexpr envelope::Space kPasswordSpace{.mount = {}, .table = 14};
constexpr std::uint8_t kRowFormat = 1;
constexpr std::size_t kMaxName = 128;

// A policy is taken if 3 passwords come within 20 000 texts. One that barely passes (one text in
// 7000) then has none within 100 000 once in a million times.
constexpr std::size_t kTriesAtWrite = 20'000;
constexpr std::size_t kPasswordsAtWrite = 3;
constexpr std::size_t kTries = 100'000;

envelope::RowName row_of(std::string_view name) { return {kPasswordSpace, {}, std::string(name)}; }

/// nullopt: none within so many texts. To mend a text that lacks something, as other generators do,
/// would make some texts likelier than others.
Result<std::optional<SecureBytes>> try_password(const policy::PasswordPolicy& policy,
                                                std::size_t& tries_left) {
  for (; tries_left > 0; --tries_left) {
    COFFER_TRY(SecureBytes text, crypto::random_text(policy.charset, policy.length));
    if (policy.met_by(as_text(text.expose(Reveal{"is the new password by the rules"})))) {
      return std::optional<SecureBytes>(std::move(text));
    }
  }
  return std::optional<SecureBytes>();
}

Result<std::string> decode(std::string_view value) {
  Reader row(as_bytes(value));
  COFFER_TRY(const std::uint8_t format, row.u8());
  if (format != kRowFormat) {
    return make_error(ErrorCode::corrupt, "unknown format of a password policy's row");
  }
  COFFER_TRY(const std::string_view text, row.text());
  COFFER_CHECK(row.finish());
  return std::string(text);
}

bool in_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

Result<SecureBytes> make_password(const policy::PasswordPolicy& policy) {
  std::size_t tries = kTries;
  COFFER_TRY(std::optional<SecureBytes> made, try_password(policy, tries));
  if (made) return *std::move(made);
  return make_error(ErrorCode::resource_exhausted, "no password by this policy was found");
}

Result<SecureBytes> make_password_by(envelope::SealedTransaction& tx, std::string_view name) {
  if (name.empty()) return make_password(policy::default_password_policy());
  COFFER_TRY(const std::optional<std::string> text, read_password_policy(tx, name));
  if (!text) return make_error(ErrorCode::invalid_argument, "no such password policy");
  COFFER_TRY(const policy::PasswordPolicy policy, policy::parse_password_policy(*text));
  return make_password(policy);
}

Result<void> check_password_policy_name(std::string_view name) {
  const bool fits = !name.empty() && name.size() <= kMaxName && in_word(name.front()) &&
                    in_word(name.back()) && std::all_of(name.begin(), name.end(), [](char c) {
                      return in_word(c) || c == '-' || c == '.';
                    });
  if (fits) return {};
  return make_error(ErrorCode::invalid_argument,
                    "the name of a password policy has 1 to 128 letters, digits and _, and within "
                    "them - and .");
}

Result<std::optional<std::string>> read_password_policy(envelope::SealedTransaction& tx,
                                                        std::string_view name) {
  COFFER_TRY(const std::optional<envelope::OpenedRow> row, tx.read(row_of(name)));
  if (!row) return std::optional<std::string>();
  COFFER_TRY(std::string text, decode(row->value));
  return std::optional<std::string>(std::move(text));
}

Result<void> write_password_policy(envelope::SealedTransaction& tx, std::string_view name,
                                   std::string_view text) {
  COFFER_TRY(const policy::PasswordPolicy policy, policy::parse_password_policy(text));
  std::size_t tries = kTriesAtWrite;
  for (std::size_t made = 0; made < kPasswordsAtWrite; ++made) {
    COFFER_TRY(const std::optional<SecureBytes> password, try_password(policy, tries));
    if (!password) {
      return make_error(ErrorCode::invalid_argument,
                        "policy: next to no text of these characters meets the rules");
    }
  }
  Writer row;
  row.u8(kRowFormat).text(text);
  return tx.write(row_of(name), as_text(row.view()), envelope::Expect::anything());
}

void remove_password_policy(envelope::SealedTransaction& tx, std::string_view name) {
  tx.erase(row_of(name), envelope::Expect::anything());
}

Result<std::vector<std::string>> list_password_policies(envelope::SealedTransaction& tx) {
  COFFER_TRY(const auto rows, tx.list(kPasswordSpace, {}));
  std::vector<std::string> names;
  names.reserve(rows.size());
  for (const envelope::ListedRow& row : rows) names.push_back(row.name);
  return names;
}

}  // namespace coffer::core
