#include "coffer/engines/ssh/ssh.h"

#include <fmt/format.h>

#include "ca.h"
#include "coffer/crypto/random.h"
#include "coffer/engine/names.h"
#include "coffer/model/json_writer.h"
#include "issue_request.h"
#include "role.h"
#include "sign_request.h"

namespace coffer::engines::ssh {
namespace {

using engine::Context;
using engine::Expect;
using model::JsonWriter;
using model::Operation;
using model::Request;
using model::Response;

constexpr std::string_view kRoles = "roles/";
constexpr std::string_view kSign = "sign/";
constexpr std::string_view kIssue = "issue/";
constexpr std::string_view kConfig = "config/ca";
constexpr std::string_view kPublicKey = "public_key";
/// As long as a token's, where the mount says nothing.
constexpr seconds kSystemTtl = std::chrono::hours(768);
constexpr std::size_t kStep = 64;
constexpr std::size_t kNonceSize = 32;

constexpr engine::PathRule kPaths[] = {
    {.operation = Operation::read, .pattern = "config/ca", .help = "The CA's public key."},
    {.operation = Operation::update,
     .pattern = "config/ca",
     .lane = engine::Lane::slow,  // a token may take its time over a key
     .help = "Have the CA's key made, on the token."},
    {.operation = Operation::remove,
     .pattern = "config/ca",
     .help = "Delete the CA. Its key is destroyed on the token."},
    {.operation = Operation::read,
     .pattern = "public_key",
     .open = true,
     .help = "The CA's public key, as a line for TrustedUserCAKeys."},
    {.operation = Operation::list, .pattern = "roles/", .help = "The names of all roles."},
    {.operation = Operation::read, .pattern = "roles/+", .help = "What a role allows."},
    {.operation = Operation::update,
     .pattern = "roles/+",
     .help = "Write a role: who may be given which certificates."},
    {.operation = Operation::remove, .pattern = "roles/+", .help = "Delete a role."},
    {.operation = Operation::update,
     .pattern = "sign/+",
     .help = "A certificate for `public_key`, as the role allows."},
    {.operation = Operation::update,
     .pattern = "issue/+",
     .lane = engine::Lane::slow,  // RSA
     .help = "A new key pair and its certificate. The private key is told once, and not kept."},
};

Response empty() { return {.outcome = model::Outcome::empty}; }

Error invalid(std::string_view text) { return make_error(ErrorCode::invalid_argument, text); }

Response public_key_data(const Ca& ca) {
  JsonWriter json;
  json.begin_object().key("public_key").string(ca_line(ca.point)).end_object();
  return {.data = std::move(json).take()};
}

/// A key that comes from elsewhere may be elsewhere still: only one that is made on the token is
/// known to be nowhere else.
Result<void> check_ca_request(const model::Fields& fields) {
  COFFER_TRY(const auto generate, fields.boolean("generate_signing_key"));
  for (const std::string_view name : {"private_key", "public_key"}) {
    COFFER_TRY(const auto key, fields.string(name));
    if (key && !key->empty()) {
      return invalid("field \"" + std::string(name) + "\": the CA's key is made on the token");
    }
  }
  if (!generate.value_or(true)) {
    return invalid("field \"generate_signing_key\": must be true, the key is made on the token");
  }
  COFFER_TRY(const auto type, fields.string("key_type"));
  const std::string_view asked = type ? std::string_view(*type) : std::string_view();
  if (!asked.empty() && asked != "ec" && asked != "ecdsa-sha2-nistp256") {
    return invalid("field \"key_type\": wanted ec or ecdsa-sha2-nistp256");
  }
  COFFER_TRY(const auto bits, fields.integer("key_bits"));
  if (bits.value_or(0) != 0 && *bits != 256) return invalid("field \"key_bits\": wanted 256");
  return {};
}

class SshEngine final : public engine::Engine {
 public:
  SshEngine(pkcs11::Token& token, KeysChanged changed)
      : token_(token), changed_(std::move(changed)) {}

  [[nodiscard]] std::span<const engine::PathRule> paths() const override { return kPaths; }

  [[nodiscard]] Result<bool> clear(engine::SealedTransaction& tx,
                                   const engine::Mount& mount) override {
    COFFER_TRY(const auto rows, tx.list_some({mount.uuid, kRoleTable}, {}, kStep));
    for (const engine::ListedRow& row : rows) {
      tx.erase(role_row(mount.uuid, row.name), Expect::anything());
    }
    if (rows.size() == kStep) return false;
    return clear_ca(tx, mount.uuid);
  }

  [[nodiscard]] Result<std::vector<engine::TokenKey>> token_keys(
      engine::SealedTransaction& tx, const engine::Mount& mount) const override {
    COFFER_TRY(const StoredCa stored, load_ca(tx, mount.uuid));
    if (!stored.present()) return std::vector<engine::TokenKey>();
    return std::vector<engine::TokenKey>{
        {.kind = "ssh_ca", .version = stored.ca.generation, .made = stored.ca.made}};
  }

  [[nodiscard]] Result<Response> handle(Context& context, const Request& request,
                                        std::string_view path) override {
    if (path == kConfig || path == kPublicKey) return handle_ca(context, request, path);
    if (path == kRoles) return list_roles(context);
    const std::string_view name = path.substr(path.find('/') + 1);
    COFFER_CHECK(engine::check_name("role", name));
    if (path.starts_with(kSign)) return sign_key(context, request, name);
    if (path.starts_with(kIssue)) return issue_key(context, request, name);
    switch (request.operation) {
      case Operation::read: return read_role_at(context, name);
      case Operation::create:
      case Operation::update: return write_role(context, request, name);
      case Operation::remove:
        context.tx.erase(role_row(context.mount.uuid, name), Expect::anything());
        return empty();
      case Operation::list:
      case Operation::scan:
      case Operation::patch:
      case Operation::help: break;
    }
    return make_error(ErrorCode::unsupported, "unsupported operation");
  }

 private:
  /// The key goes from the token a moment later: nothing leads to it any more.
  static Result<bool> clear_ca(engine::SealedTransaction& tx, const Uuid& mount) {
    COFFER_TRY(const StoredCa stored, load_ca(tx, mount));
    if (stored.version == 0) return true;
    if (stored.present()) {
      COFFER_CHECK(schedule_end(tx, mount, stored.ca.generation, WallTime{}));
    }
    tx.erase(ca_row(mount), Expect::unchanged(stored.version));
    return true;
  }

  Result<Response> handle_ca(Context& context, const Request& request, std::string_view path) {
    COFFER_TRY(StoredCa stored, load_ca(context.tx, context.mount.uuid));
    switch (request.operation) {
      case Operation::read: return read_ca(stored, path);
      case Operation::create:
      case Operation::update: return make_ca(context, request, std::move(stored));
      case Operation::remove: return remove_ca(context, std::move(stored));
      case Operation::list:
      case Operation::scan:
      case Operation::patch:
      case Operation::help: break;
    }
    return make_error(ErrorCode::unsupported, "unsupported operation");
  }

  static Result<Response> read_ca(const StoredCa& stored, std::string_view path) {
    if (path == kConfig) {
      if (stored.present()) return public_key_data(stored.ca);
      return invalid("keys haven't been configured yet");
    }
    if (!stored.present()) return make_error(ErrorCode::not_found, "");
    return Response{.outcome = model::Outcome::bare,
                    .data = ca_line(stored.ca.point),
                    .content_type = "text/plain"};
  }

  /// A key on the token is an effect outside of the store, so the request line comes first. Its id
  /// is that of the next generation: a try that ended before its commit left a key that the next
  /// one takes up.
  Result<Response> make_ca(Context& context, const Request& request, StoredCa stored) {
    COFFER_CHECK(check_ca_request(request.fields));
    if (stored.present()) {
      return invalid("keys are already configured; delete them before reconfiguring");
    }
    COFFER_CHECK(context.ticket.make_durable());
    const Uuid& mount = context.mount.uuid;
    ++stored.ca.generation;
    COFFER_TRY(stored.ca.point, make_ca_key(token_, mount, stored.ca.generation));
    stored.ca.made = context.now;
    COFFER_CHECK(save_ca(context.tx, mount, stored));
    context.then = changed_;
    return public_key_data(stored.ca);
  }

  Result<Response> remove_ca(Context& context, StoredCa stored) {
    if (!stored.present()) return empty();
    const Uuid& mount = context.mount.uuid;
    stored.ca.point.clear();
    COFFER_CHECK(save_ca(context.tx, mount, stored));
    COFFER_CHECK(schedule_end(context.tx, mount, stored.ca.generation, context.now));
    context.then = changed_;
    return empty();
  }

  static Result<Response> list_roles(Context& context) {
    COFFER_TRY(const auto rows, context.tx.list({context.mount.uuid, kRoleTable}, {}));
    if (rows.empty()) return make_error(ErrorCode::not_found, "");
    JsonWriter json;
    json.begin_object().key("keys").begin_array();
    for (const engine::ListedRow& row : rows) json.string(row.name);
    json.end_array().key("key_info").begin_object();
    for (const engine::ListedRow& row : rows) {
      json.key(row.name).begin_object().key("key_type").string("ca").end_object();
    }
    json.end_object().end_object();
    return Response{.data = std::move(json).take()};
  }

  static Result<std::optional<Role>> load_role(Context& context, std::string_view name) {
    COFFER_TRY(const auto row, context.tx.read(role_row(context.mount.uuid, name)));
    if (!row) return std::optional<Role>();
    COFFER_TRY(Role role, decode_role(row->value));
    return std::optional<Role>(std::move(role));
  }

  static Result<Response> read_role_at(Context& context, std::string_view name) {
    COFFER_TRY(const auto role, load_role(context, name));
    if (!role) return make_error(ErrorCode::not_found, "");
    return Response{.data = role_data(*role)};
  }

  static Result<Response> write_role(Context& context, const Request& request,
                                     std::string_view name) {
    COFFER_TRY(const Role role, read_role(request.fields));
    COFFER_CHECK(
        context.tx.write(role_row(context.mount.uuid, name), encode(role), Expect::anything()));
    return empty();
  }

  static Result<Role> role_named(Context& context, std::string_view name) {
    COFFER_TRY(auto role, load_role(context, name));
    if (!role) return invalid("unknown role");
    return *std::move(role);
  }

  Result<Response> sign_key(Context& context, const Request& request, std::string_view name) {
    COFFER_TRY(const Role role, role_named(context, name));
    COFFER_TRY(PublicKey key, read_public_key(request.fields, role));
    JsonWriter json;
    json.begin_object();
    COFFER_CHECK(certify(context, request, {name, role}, std::move(key), json));
    json.end_object();
    return Response{.data = std::move(json).take()};
  }

  Result<Response> issue_key(Context& context, const Request& request, std::string_view name) {
    COFFER_TRY(const Role role, role_named(context, name));
    COFFER_TRY(IssuedKey made, make_key(request.fields, role));
    JsonWriter json;
    json.begin_object();
    json.key("private_key")
        .string(as_text(made.private_key.expose(Reveal{"it is what was asked for"})));
    json.key("private_key_type").string(made.type);
    COFFER_CHECK(certify(context, request, {name, role}, std::move(made.key), json));
    json.end_object();
    return Response{.data = std::move(json).take()};
  }

  struct Named {
    std::string_view name;
    const Role& role;
  };
  /// Adds `serial_number` and `signed_key`.
  Result<void> certify(Context& context, const Request& request, const Named& named, PublicKey key,
                       JsonWriter& json) {
    const auto& config = context.mount.config;
    const auto or_system = [](seconds time) { return time > seconds(0) ? time : kSystemTtl; };
    COFFER_TRY(Certificate certificate,
               read_sign_request(request.fields, named.role,
                                 {.role_name = named.name,
                                  .display_name = context.caller->display_name,
                                  .now = context.now,
                                  .default_ttl = or_system(config.default_lease_ttl),
                                  .max_ttl = or_system(config.max_lease_ttl)},
                                 std::move(key)));
    COFFER_TRY(const StoredCa ca, load_ca(context.tx, context.mount.uuid));
    if (!ca.present()) return invalid("the CA isn't configured: no key was made at config/ca yet");
    COFFER_CHECK(number(certificate));
    const Bytes tbs = to_be_signed(certificate, ca_blob(ca.ca.point));
    COFFER_TRY(const Bytes signature, sign(context.mount.uuid, ca.ca, tbs));
    json.key("serial_number").string(fmt::format("{:x}", certificate.serial));
    json.key("signed_key").string(signed_certificate(certificate, tbs, signature));
    return {};
  }

  /// A key that isn't there is no request's fault: the vault was restored, or its token is another.
  Result<Bytes> sign(const Uuid& mount, const Ca& ca, ByteView tbs) {
    auto signature = token_.sign(ca_key(mount, ca.generation), tbs);
    if (signature.ok() || signature.error().code != ErrorCode::not_found) return signature;
    return make_error(ErrorCode::unavailable, "the CA's key isn't on the token that is in use",
                      signature.error().text);
  }

  /// The nonce keeps who asks from knowing beforehand what will be signed.
  static Result<void> number(Certificate& certificate) {
    COFFER_TRY(certificate.nonce, crypto::random_bytes(kNonceSize));
    COFFER_TRY(const Bytes serial, crypto::random_bytes(sizeof certificate.serial));
    for (const std::uint8_t byte : serial) certificate.serial = certificate.serial << 8U | byte;
    return {};
  }

  pkcs11::Token& token_;
  const KeysChanged changed_;
};

}  // namespace

std::unique_ptr<engine::Engine> make_engine(pkcs11::Token& token, KeysChanged changed) {
  return std::make_unique<SshEngine>(token, std::move(changed));
}

}  // namespace coffer::engines::ssh
