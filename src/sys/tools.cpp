// Small tools of Vault's: random bytes and digests.
#include <algorithm>
#include <charconv>

#include "coffer/crypto/digest.h"
#include "coffer/crypto/random.h"
#include "coffer/model/paths.h"
#include "handlers.h"

namespace coffer::sys {
namespace {

constexpr std::int64_t kUsualBytes = 32;
constexpr std::int64_t kMostBytes = 4096;

struct Wanted {
  std::string source = "platform";
  std::int64_t bytes = kUsualBytes;
  std::string format;
};

Result<std::int64_t> count_of(std::string_view text) {
  std::int64_t count = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), count);
  if (read.ec == std::errc() && read.ptr == text.data() + text.size()) return count;
  return invalid("the number of bytes in the path must be a number");
}

/// In the path: source, then bytes; either may be left out.
Result<void> take_path(std::string_view path, Wanted& wanted) {
  for (const std::string_view part : model::split_path(path)) {
    if (part == "platform" || part == "seal" || part == "all") {
      wanted.source = part;
    } else {
      COFFER_TRY(wanted.bytes, count_of(part));
    }
  }
  return {};
}

Result<std::string> format_of(const model::Fields& fields, std::string_view usual) {
  COFFER_TRY(const std::optional<std::string> format, fields.string("format"));
  if (!format || format->empty()) return std::string(usual);
  if (*format == "base64" || *format == "hex") return *format;
  return invalid("field \"format\" must be base64 or hex");
}

Result<Wanted> wanted_random(const Call& call) {
  Wanted wanted;
  COFFER_CHECK(take_path(below(call.path, "tools/random/"), wanted));
  COFFER_TRY(const auto bytes, call.request.fields.integer("bytes"));
  wanted.bytes = bytes.value_or(wanted.bytes);
  COFFER_TRY(const auto source, call.request.fields.string("source"));
  wanted.source = source.value_or(wanted.source);
  if (wanted.bytes < 1 || wanted.bytes > kMostBytes) {
    return invalid("field \"bytes\" must be 1 to 4096");
  }
  if (wanted.source != "platform" && wanted.source != "seal" && wanted.source != "all") {
    return invalid("field \"source\" must be platform, seal or all");
  }
  COFFER_TRY(wanted.format, format_of(call.request.fields, "base64"));
  return wanted;
}

/// `seal`: the token's generator. `all`: both, so that the better one counts.
Result<Bytes> random_of(Call& call, const Wanted& wanted) {
  const auto size = static_cast<std::size_t>(wanted.bytes);
  Bytes out(size);
  if (wanted.source != "seal") COFFER_CHECK(crypto::random_fill(out));
  if (wanted.source == "platform") return out;
  COFFER_TRY(const SecureBytes token, call.vault->token->random(size));
  const ByteView more = token.expose(Reveal{"random bytes that were asked for"});
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(out[i] ^ more[i]);
  return out;
}

std::string spell(ByteView bytes, std::string_view format) {
  return format == "hex" ? to_hex(bytes) : to_base64(bytes);
}

Result<Response> random(Call& call) {
  COFFER_TRY(const Wanted wanted, wanted_random(call));
  COFFER_TRY(Bytes bytes, random_of(call, wanted));
  JsonWriter json;
  json.begin_object().key("random_bytes").string(spell(bytes, wanted.format)).end_object();
  wipe(bytes);
  return answer(std::move(json));
}

Result<Response> hash(Call& call) {
  const model::Fields& fields = call.request.fields;
  COFFER_TRY(const std::optional<std::string> field, fields.string("algorithm"));
  std::string algorithm = field.value_or("sha2-256");
  const std::string_view in_path = below(call.path, "tools/hash/");
  if (!in_path.empty()) algorithm = in_path;
  COFFER_TRY(const std::string format, format_of(fields, "hex"));
  COFFER_TRY(const std::optional<std::string> input, fields.string("input"));
  if (!input) return invalid("missing field \"input\"");
  const Result<Bytes> bytes = from_base64(*input);
  if (!bytes.ok()) return invalid("field \"input\" must be base64");
  COFFER_TRY(const Bytes sum, crypto::digest_by_name(algorithm, *bytes));
  JsonWriter json;
  json.begin_object().key("sum").string(spell(sum, format)).end_object();
  return answer(std::move(json));
}

}  // namespace

std::span<const Handler> tool_handlers() {
  static constexpr std::string_view kRandom =
      "Random bytes: `bytes` (32), `format` base64 or hex, `source` platform, seal (the token) or "
      "all; source and bytes may stand in the path.";
  static constexpr std::string_view kHash =
      "The digest of `input` (base64) by `algorithm` (sha2-256), in `format` hex or base64.";
  static constexpr Handler kHandlers[] = {
      {{.operation = Operation::update, .pattern = "tools/random", .help = kRandom}, random},
      {{.operation = Operation::update, .pattern = "tools/random/+", .help = kRandom}, random},
      {{.operation = Operation::update, .pattern = "tools/random/+/+", .help = kRandom}, random},
      {{.operation = Operation::update, .pattern = "tools/hash", .help = kHash}, hash},
      {{.operation = Operation::update, .pattern = "tools/hash/+", .help = kHash}, hash},
  };
  return kHandlers;
}

}  // namespace coffer::sys
