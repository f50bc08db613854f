#include "key_attributes.h"

#include <algorithm>
#include <set>

#include "coffer/base/codec.h"

namespace coffer::sys {
namespace {

using model::JsonWriter;

pkcs11::KeyRole role_of(core::KeyKind kind) {
  return kind == core::KeyKind::kek ? pkcs11::KeyRole::kek : pkcs11::KeyRole::sign;
}

/// What an id is made of: docs/keys.md, on the token.
struct IdParts {
  Uuid owner{};
  char letter = 0;
};
std::optional<IdParts> parts_of(ByteView id) {
  constexpr std::size_t kSize = sizeof(Uuid::bytes) + 1 + sizeof(std::uint32_t);
  if (id.size() != kSize) return std::nullopt;
  IdParts parts;
  std::copy_n(id.begin(), parts.owner.bytes.size(), parts.owner.bytes.begin());
  parts.letter = static_cast<char>(id[parts.owner.bytes.size()]);
  return parts;
}

/// Whose it seems to be, by its id: nothing proves it.
std::string_view maker_of(const pkcs11::ListedKey& key, const Uuid& vault) {
  const auto parts = parts_of(key.id);
  if (!parts) return "unknown";
  if (parts->letter == 'h') return "ssh_ca";
  if (parts->letter != 'k' && parts->letter != 's') return "unknown";
  return parts->owner == vault ? "vault" : "another vault";
}

/// A token's own words.
std::string printable(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < 0x20 || c == 0x7f; }, '?');
  return out;
}

void append_one(JsonWriter& json, core::Unsealed& vault, const pkcs11::ListedKey& key) {
  const std::string_view maker = maker_of(key, vault.keyring->vault());
  json.begin_object().key("state").string("unclaimed").key("id").string(to_hex(key.id));
  json.key("label").string(printable(key.label));
  json.key("class").string(key.secret ? "secret" : "private").key("maker").string(maker);
  // Of others' keys it isn't known what they should be.
  if (maker != "unknown") {
    const bool signs = maker == "ssh_ca" || parts_of(key.id)->letter == 's';
    const pkcs11::KeyRole role = signs ? pkcs11::KeyRole::sign : pkcs11::KeyRole::kek;
    append_attributes(json, vault.token->attributes(role, {key.id}));
  }
  json.end_object();
}

std::set<Bytes> claimed_ids(const core::Unsealed& vault,
                            const std::vector<core::InventoryKey>& keys) {
  const Uuid& id = vault.keyring->vault();
  const envelope::EnrolledToken& ours = vault.keyring->token();
  std::set<Bytes> claimed = {
      core::key_ref(core::KeyKind::kek, id, ours.kek_version + 1).id,
      core::key_ref(core::KeyKind::sign, id, ours.sign_version + 1).id,
  };
  for (const core::InventoryKey& key : keys) {
    const bool here = core::is_engines(key.kind) || key.token == ours.id;
    if (!key.on_token() || !here || key.destroyed) continue;
    const Uuid& owner = core::is_engines(key.kind) ? key.mount : id;
    claimed.insert(core::key_ref(key.kind, owner, key.version).id);
  }
  return claimed;
}

}  // namespace

Result<Attributes> read_attributes(core::Unsealed& vault, core::KeyKind kind, const Uuid& mount,
                                   std::uint32_t version) {
  const Uuid& owner = core::is_engines(kind) ? mount : vault.keyring->vault();
  return vault.token->attributes(role_of(kind), core::key_ref(kind, owner, version));
}

void append_attributes(JsonWriter& json, const Result<Attributes>& read) {
  if (!read.ok()) {
    json.key("attributes").null().key("attributes_error").string(read.error().text);
    return;
  }
  json.key("attributes").begin_object();
  for (const auto& [name, value] : *read) json.key(name).string(value);
  json.end_object();
}

void append_unclaimed(JsonWriter& json, core::Unsealed& vault,
                      const std::vector<core::InventoryKey>& keys) {
  const auto listed = vault.token->list_keys();
  if (!listed.ok()) {
    json.key("unclaimed").null().key("unclaimed_error").string(listed.error().text);
    return;
  }
  const std::set<Bytes> claimed = claimed_ids(vault, keys);
  json.key("unclaimed").begin_array();
  for (const pkcs11::ListedKey& key : listed->keys) {
    if (!claimed.contains(key.id)) append_one(json, vault, key);
  }
  json.end_array();
  if (listed->more) json.key("unclaimed_more").boolean(true);
}

}  // namespace coffer::sys
