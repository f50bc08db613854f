// What was done about a leak: a report that grows step by step, until it is signed and then stands.
// docs/formats/leaks.md.
#pragma once

#include "coffer/envelope/keyring.h"
#include "coffer/envelope/sealed_store.h"
#include "coffer/model/caller.h"

namespace coffer::core {

struct LeakReport {
  WallTime created{};
  WallTime updated{};
  std::string accessor{};      ///< of who wrote it last
  std::string display_name{};  ///< likewise
  std::string report{};        ///< a JSON object, as it was given
  std::string document{};      ///< what is signed; empty: not yet
  Bytes signature{};           ///< as openssl takes it
  Bytes public_key{};          ///< SubjectPublicKeyInfo of the key that signed

  [[nodiscard]] bool is_signed() const noexcept { return !document.empty(); }
};

/// The first line of each signed document: no other signature of the vault is over such bytes.
inline constexpr std::string_view kLeakReportLabel = "coffer leak report v1\n";

/// 1 to 64 of a-z, 0-9, - and _, the first one a letter or a digit. invalid_argument.
[[nodiscard]] Result<void> check_leak_report_name(std::string_view name);
[[nodiscard]] Result<std::optional<LeakReport>> read_leak_report(envelope::SealedTransaction& tx,
                                                                 std::string_view name);
[[nodiscard]] Result<std::vector<std::string>> list_leak_reports(envelope::SealedTransaction& tx);
/// Stages it in place of what was there. precondition: that is signed.
[[nodiscard]] Result<void> write_leak_report(envelope::SealedTransaction& tx, std::string_view name,
                                             std::string report, const model::Caller& caller,
                                             WallTime now);
/// Stages the signed form (one token operation), and gives it; of one that is signed nothing
/// changes. not_found.
[[nodiscard]] Result<LeakReport> sign_leak_report(envelope::SealedTransaction& tx,
                                                  std::string_view name, envelope::Keyring& keyring,
                                                  const model::Caller& caller, WallTime now);

}  // namespace coffer::core
