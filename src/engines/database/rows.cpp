#include "rows.h"

#include "coffer/base/codec.h"

namespace coffer::engines::database {
namespace {

constexpr std::uint8_t kFormat = 1;
/// Of a role: the second has the policy of its passwords.
constexpr std::uint8_t kRoleFormat = 2;
/// Of a static role: the second has two users in turn, and who rotates it; the third the policy of
/// its passwords.
constexpr std::uint8_t kStaticTurnsFormat = 2;
constexpr std::uint8_t kStaticFormat = 3;
/// Of a connection: the second has the authorities of TLS.
constexpr std::uint8_t kConnectionFormat = 2;

// What a row may hold at most; more was never written (fields.cpp).
constexpr std::uint32_t kMostStrings = 1024;

void put(Writer& row, WallTime time) {
  row.u64(static_cast<std::uint64_t>(time.time_since_epoch().count()));
}
void put(Writer& row, std::chrono::seconds time) {
  row.u64(static_cast<std::uint64_t>(time.count()));
}
void put(Writer& row, const Strings& strings) {
  row.u32(static_cast<std::uint32_t>(strings.size()));
  for (const std::string& text : strings) row.text(text);
}
void put(Writer& row, const Versions& versions) {
  row.u64(versions.current).u64(versions.pending).u64(versions.last);
}

Result<void> take(Reader& row, WallTime& time) {
  COFFER_TRY(const std::uint64_t count, row.u64());
  time = WallTime(std::chrono::nanoseconds(static_cast<std::int64_t>(count)));
  return {};
}
Result<void> take(Reader& row, std::chrono::seconds& time) {
  COFFER_TRY(const std::uint64_t count, row.u64());
  time = std::chrono::seconds(static_cast<std::int64_t>(count));
  return {};
}
Result<void> take(Reader& row, std::string& text) {
  COFFER_TRY(text, row.text());
  return {};
}
Result<void> take(Reader& row, Strings& strings) {
  COFFER_TRY(const std::uint32_t count, row.u32());
  if (count > kMostStrings) return make_error(ErrorCode::corrupt, "a list in a row is too long");
  strings.resize(count);
  for (std::string& text : strings) COFFER_CHECK(take(row, text));
  return {};
}
Result<void> take(Reader& row, Uuid& id) {
  COFFER_TRY(const ByteView bytes, row.raw(id.bytes.size()));
  COFFER_TRY(id, uuid_from(bytes));
  return {};
}
Result<void> take(Reader& row, Versions& versions) {
  COFFER_TRY(versions.current, row.u64());
  COFFER_TRY(versions.pending, row.u64());
  COFFER_TRY(versions.last, row.u64());
  if (versions.current > versions.last || versions.pending > versions.last) {
    return make_error(ErrorCode::corrupt, "a row names a version that was never given");
  }
  return {};
}

Result<Reader> open(std::string_view value) {
  Reader row(as_bytes(value));
  COFFER_TRY(const std::uint8_t format, row.u8());
  if (format != kFormat) return make_error(ErrorCode::corrupt, "unknown format of a database row");
  return row;
}

/// One of the formats from the first to the one that is written now.
Result<std::uint8_t> open_any(Reader& row, std::uint8_t present) {
  COFFER_TRY(const std::uint8_t format, row.u8());
  if (format >= kFormat && format <= present) return format;
  return make_error(ErrorCode::corrupt, "unknown format of a database row");
}

std::string text_of(const Writer& row) { return std::string(as_text(row.view())); }

}  // namespace

std::string encode(const Connection& connection) {
  Writer row;
  row.u8(kConnectionFormat).text(connection.name);
  put(row, connection.retired);
  row.text(connection.plugin).text(connection.url).text(connection.username);
  row.u32(connection.max_connections).text(connection.persistence_mode);
  row.u8(connection.verify ? 1 : 0);
  put(row, connection.allowed_roles);
  row.text(connection.password_policy).text(connection.username_template);
  put(row, connection.root_rotation_statements);
  put(row, connection.password);
  put(row, connection.last_rotation);
  row.text(connection.tls_ca);
  return text_of(row);
}

Result<Connection> decode_connection(std::string_view value) {
  Reader row(as_bytes(value));
  COFFER_TRY(const std::uint8_t format, open_any(row, kConnectionFormat));
  Connection connection;
  COFFER_CHECK(take(row, connection.name));
  COFFER_CHECK(take(row, connection.retired));
  COFFER_CHECK(take(row, connection.plugin));
  COFFER_CHECK(take(row, connection.url));
  COFFER_CHECK(take(row, connection.username));
  COFFER_TRY(connection.max_connections, row.u32());
  COFFER_CHECK(take(row, connection.persistence_mode));
  COFFER_TRY(const std::uint8_t verify, row.u8());
  connection.verify = verify != 0;
  COFFER_CHECK(take(row, connection.allowed_roles));
  COFFER_CHECK(take(row, connection.password_policy));
  COFFER_CHECK(take(row, connection.username_template));
  COFFER_CHECK(take(row, connection.root_rotation_statements));
  COFFER_CHECK(take(row, connection.password));
  COFFER_CHECK(take(row, connection.last_rotation));
  if (format == kConnectionFormat) COFFER_CHECK(take(row, connection.tls_ca));
  COFFER_CHECK(row.finish());
  return connection;
}

std::string encode(const Role& role) {
  Writer row;
  row.u8(kRoleFormat).text(role.db_name);
  put(row, role.default_ttl);
  put(row, role.max_ttl);
  put(row, role.creation);
  put(row, role.revocation);
  put(row, role.rollback);
  put(row, role.renew);
  row.text(role.password_policy);
  return text_of(row);
}

Result<Role> decode_role(std::string_view value) {
  Reader row(as_bytes(value));
  COFFER_TRY(const std::uint8_t format, open_any(row, kRoleFormat));
  Role role;
  COFFER_CHECK(take(row, role.db_name));
  COFFER_CHECK(take(row, role.default_ttl));
  COFFER_CHECK(take(row, role.max_ttl));
  COFFER_CHECK(take(row, role.creation));
  COFFER_CHECK(take(row, role.revocation));
  COFFER_CHECK(take(row, role.rollback));
  COFFER_CHECK(take(row, role.renew));
  if (format == kRoleFormat) COFFER_CHECK(take(row, role.password_policy));
  COFFER_CHECK(row.finish());
  return role;
}

std::string encode(const StaticRole& role) {
  Writer row;
  row.u8(kStaticFormat).text(role.db_name).text(role.username);
  put(row, role.period);
  put(row, role.rotation);
  put(row, role.password);
  put(row, role.last_rotation);
  put(row, role.next_rotation);
  row.u32(role.failures).text(role.alternate).u8(role.alternate_is_current ? 1 : 0);
  row.text(role.rotated_by).text(role.password_policy);
  return text_of(row);
}

Result<StaticRole> decode_static_role(std::string_view value) {
  Reader row(as_bytes(value));
  COFFER_TRY(const std::uint8_t format, open_any(row, kStaticFormat));
  StaticRole role;
  COFFER_CHECK(take(row, role.db_name));
  COFFER_CHECK(take(row, role.username));
  COFFER_CHECK(take(row, role.period));
  COFFER_CHECK(take(row, role.rotation));
  COFFER_CHECK(take(row, role.password));
  COFFER_CHECK(take(row, role.last_rotation));
  COFFER_CHECK(take(row, role.next_rotation));
  COFFER_TRY(role.failures, row.u32());
  if (format >= kStaticTurnsFormat) {
    COFFER_CHECK(take(row, role.alternate));
    COFFER_TRY(const std::uint8_t whose, row.u8());
    role.alternate_is_current = whose != 0;
    COFFER_CHECK(take(row, role.rotated_by));
  }
  if (format == kStaticFormat) COFFER_CHECK(take(row, role.password_policy));
  COFFER_CHECK(row.finish());
  if (role.alternate_is_current && role.alternate.empty()) {
    return make_error(ErrorCode::corrupt, "a password of a user that isn't named");
  }
  return role;
}

std::string encode(const Payload& payload) {
  Writer row;
  row.u8(kFormat).raw(payload.mount.view()).raw(payload.connection.view()).text(payload.username);
  put(row, payload.revocation);
  put(row, payload.renew);
  return text_of(row);
}

Result<Payload> decode_payload(std::string_view value) {
  COFFER_TRY(Reader row, open(value));
  Payload payload;
  COFFER_CHECK(take(row, payload.mount));
  COFFER_CHECK(take(row, payload.connection));
  COFFER_CHECK(take(row, payload.username));
  COFFER_CHECK(take(row, payload.revocation));
  COFFER_CHECK(take(row, payload.renew));
  COFFER_CHECK(row.finish());
  return payload;
}

std::string encode_name(const Uuid& connection) {
  Writer row;
  row.u8(kFormat).raw(connection.view());
  return text_of(row);
}

Result<Uuid> decode_name(std::string_view value) {
  COFFER_TRY(Reader row, open(value));
  Uuid connection;
  COFFER_CHECK(take(row, connection));
  COFFER_CHECK(row.finish());
  return connection;
}

}  // namespace coffer::engines::database
