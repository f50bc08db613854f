#include "doctor_signer.h"

#include <variant>

#include "coffer/backup/file.h"
#include "coffer/crypto/signer.h"
#include "coffer/model/toml.h"

namespace coffer::cli {
namespace {

using model::Json;

constexpr std::size_t kLongest = std::size_t{64} << 10U;

void refused(Findings& found, const char* check, std::string what) {
  found.push_back({Severity::error, check, std::move(what) + ": the next start is refused",
                   "put the copy back that was kept elsewhere; if none was, coffer read "
                   "-field=current sys/rotate/signers, and find out who changed it"});
}

/// The key in a member of `object`; empty: none.
Bytes key_in(const Json& object, std::string_view member) {
  const Json* const pem = object.find(member);
  if (pem == nullptr || pem->is_null()) return {};
  auto key = crypto::spki_from_pem(pem->text());
  return key.ok() ? *std::move(key) : Bytes();
}

/// One that tells of others leads on to the current one, and the daemon writes that at its start.
bool leads_on(const Json& signers, const Bytes& key) {
  const Json* const told = signers.find("announcements");
  if (told == nullptr || told->is_null()) return false;
  for (const Json& one : told->elements()) {
    if (key_in(one, "from") == key) return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> signer_path(std::string_view config) {
  const auto parsed = model::read_toml(config);
  const auto* entries = std::get_if<std::vector<model::ConfigEntry>>(&parsed);
  if (entries == nullptr) return std::nullopt;
  std::string directory;
  std::string signer = "signer.pem";
  for (const model::ConfigEntry& entry : *entries) {
    const auto* const value = std::get_if<std::string>(&entry.value);
    if (entry.table != "vault" || value == nullptr) continue;
    if (entry.name == "directory") directory = *value;
    if (entry.name == "signer") signer = *value;
  }
  if (signer.starts_with('/')) return signer;
  if (directory.empty()) return std::nullopt;
  return directory + "/" + signer;
}

Result<std::string> read_signer_file(const std::string& path) {
  COFFER_TRY(auto file, backup::File::open(path));
  std::string text(kLongest, '\0');
  COFFER_TRY(const std::size_t size,
             file.read({reinterpret_cast<std::uint8_t*>(text.data()), text.size()}));
  text.resize(size);
  return text;
}

void check_signer(const std::string& path, const Result<std::string>& text, const Json& signers,
                  Findings& found) {
  if (!text.ok()) {
    if (text.error().code != ErrorCode::not_found) return;
    return refused(found, "signer.missing", path + " isn't there");
  }
  const auto key = crypto::spki_from_pem(*text);
  if (!key.ok()) return refused(found, "signer.unreadable", path + " isn't a public key in PEM");
  const Bytes current = key_in(signers, "current");
  if (current.empty() || current == *key) return;
  if (!leads_on(signers, *key)) {
    return refused(found, "signer.foreign", path + " isn't the key that signs, nor one before it");
  }
  found.push_back({Severity::warning, "signer.old",
                   path + " is a key from before the one that signs",
                   "the next start writes it anew; can the daemon write there?"});
}

}  // namespace coffer::cli
