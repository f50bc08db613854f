#include "coffer/engines/totp/totp.h"

#include "base32.h"
#include "coffer/engine/names.h"
#include "coffer/engine/readable.h"
#include "handlers.h"

namespace coffer::engines::totp {
namespace {

using engine::Context;
using model::Operation;
using model::Request;
using model::Response;

constexpr std::string_view kKeys = "keys/";
constexpr std::string_view kCode = "code/";

constexpr engine::PathRule kPaths[] = {
    {.operation = Operation::list, .pattern = "keys/", .help = "The names of all keys."},
    {.operation = Operation::read,
     .pattern = "keys/+",
     .help = "What a key is for and how its codes are made; never its seed."},
    {.operation = Operation::update,
     .pattern = "keys/+",
     .help = "Write a key: `generate` one, or give it as `key` or `url`."},
    {.operation = Operation::remove, .pattern = "keys/+", .help = "Delete a key."},
    {.operation = Operation::read, .pattern = "code/+", .help = "The code of this moment."},
    {.operation = Operation::update,
     .pattern = "code/+",
     .help = "Whether `code` is right. Each is accepted once."},
};

/// A seed as it is typed or pasted: base32 in either case, and with what pads it.
std::vector<engine::SecretText> spellings(std::string_view seed) {
  constexpr std::size_t kGroup = 8;  // RFC 4648 section 6
  constexpr std::string_view kPointer = "/key";
  const std::string upper = to_base32(seed);
  std::string lower = upper;
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  std::vector<engine::SecretText> all{{std::string(kPointer), upper},
                                      {std::string(kPointer), lower}};
  if (upper.size() % kGroup == 0) return all;
  const std::string padding(kGroup - upper.size() % kGroup, '=');
  all.push_back({std::string(kPointer), upper + padding});
  all.push_back({std::string(kPointer), lower + padding});
  return all;
}

class TotpEngine final : public engine::Engine, public engine::Readable {
 public:
  [[nodiscard]] std::span<const engine::PathRule> paths() const override { return kPaths; }

  [[nodiscard]] Result<bool> clear(engine::SealedTransaction& tx,
                                   const engine::Mount& mount) override {
    return clear_keys(tx, mount.uuid);
  }

  [[nodiscard]] Result<std::vector<engine::KnownSecret>> secrets_in(
      const engine::RowName& row, std::string_view value) const override {
    std::vector<engine::KnownSecret> secrets;
    if (row.space.table != kKeyTable) return secrets;
    COFFER_TRY(const Key key, decode(value));
    const Uuid& mount = row.space.mount;
    secrets.push_back(
        {seed_row(mount, row.name, key.version), seed_context(mount, row.name, key.version)});
    return secrets;
  }

  [[nodiscard]] std::optional<std::vector<engine::SecretText>> texts_of(
      std::string_view value) const override {
    return spellings(value);
  }

  [[nodiscard]] Result<std::optional<engine::SecretPlace>> place_of(
      engine::SealedTransaction&, const engine::Mount&,
      const engine::SecretContext& secret) const override {
    return std::optional(engine::SecretPlace{
        .path = std::string(kKeys) + secret.path, .name = secret.path, .kind = "totp_key"});
  }

  [[nodiscard]] Result<Response> handle(Context& context, const Request& request,
                                        std::string_view path) override {
    if (path == kKeys) return list_keys(context);
    const std::string_view name = path.substr(kKeys.size());
    COFFER_CHECK(engine::check_name("key", name));
    const bool code = path.starts_with(kCode);
    switch (request.operation) {
      case Operation::read: return code ? make_code(context, name) : read_key(context, name);
      case Operation::create:
      case Operation::update:
        return code ? check_code(context, name, request) : write_key(context, name, request);
      case Operation::remove: return remove_key(context, name);
      case Operation::list:
      case Operation::scan:
      case Operation::patch:
      case Operation::help: break;
    }
    return make_error(ErrorCode::unsupported, "unsupported operation");
  }
};

}  // namespace

std::unique_ptr<engine::Engine> make_engine() { return std::make_unique<TotpEngine>(); }

}  // namespace coffer::engines::totp
