#include "otpauth.h"

#include <algorithm>

namespace coffer::engines::totp {
namespace {

constexpr std::string_view kScheme = "otpauth://totp/";
constexpr std::size_t kMaxUrl = 4096;
constexpr std::string_view kHex = "0123456789ABCDEF";
// RFC 3986: what stands for itself anywhere, and what does in a path.
constexpr std::string_view kUnreserved = "-_.~";
constexpr std::string_view kInPath = "-_.~$&+,/:;=@";

Error wrong(std::string_view rule) {
  return make_error(ErrorCode::invalid_argument, std::string("field \"url\": ").append(rule));
}

void append_escaped(std::string& out, std::string_view text, std::string_view plain) {
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || plain.find(c) != std::string_view::npos) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.append({'%', kHex[byte >> 4U], kHex[byte & 0x0FU]});
  }
}

std::size_t hex_value(char c) {
  return kHex.find(c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c);
}

Result<std::string> unescaped(std::string_view text, bool plus_is_space) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const std::size_t high = i + 2 < text.size() ? hex_value(text[i + 1]) : std::string::npos;
      const std::size_t low = i + 2 < text.size() ? hex_value(text[i + 2]) : std::string::npos;
      if (high == std::string::npos || low == std::string::npos) {
        return wrong("a % without two hexadecimal digits");
      }
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    out.push_back(c);
  }
  return out;
}

Result<void> set_once(std::optional<std::string>& field, std::string value) {
  if (field) return wrong("a parameter is given twice");
  field = std::move(value);
  return {};
}

struct Parameters {
  std::optional<std::string> issuer;
  std::optional<std::string> secret;
};

Result<void> read_parameter(std::string_view text, OtpAuth& out, Parameters& more) {
  const std::size_t equals = std::min(text.find('='), text.size());
  const std::string_view name = text.substr(0, equals);
  std::optional<std::string>* field = name == "issuer"      ? &more.issuer
                                      : name == "secret"    ? &more.secret
                                      : name == "period"    ? &out.period
                                      : name == "digits"    ? &out.digits
                                      : name == "algorithm" ? &out.algorithm
                                                            : nullptr;
  if (field == nullptr) return {};
  COFFER_TRY(std::string value, unescaped(text.substr(std::min(equals + 1, text.size())), true));
  return set_once(*field, std::move(value));
}

}  // namespace

Result<OtpAuth> parse_otpauth(std::string_view url) {
  if (url.size() > kMaxUrl) return wrong("over 4096 bytes");
  if (!url.starts_with(kScheme)) return wrong("wanted otpauth://totp/...");
  url.remove_prefix(kScheme.size());
  if (url.find('#') != std::string_view::npos) return wrong("a # in it");
  const std::size_t question = std::min(url.find('?'), url.size());
  COFFER_TRY(const std::string label, unescaped(url.substr(0, question), false));
  std::string_view query = url.substr(std::min(question + 1, url.size()));

  OtpAuth out;
  Parameters more;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    COFFER_CHECK(read_parameter(query.substr(0, end), out, more));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  const std::size_t colon = label.find(':');
  const bool prefixed = colon != std::string::npos;
  out.account_name = prefixed ? label.substr(colon + 1) : label;
  out.issuer = more.issuer && !more.issuer->empty() ? *more.issuer
               : prefixed                           ? label.substr(0, colon)
                                                    : std::string();
  out.secret = more.secret.value_or("");
  return out;
}

std::string to_url(const OtpAuth& parts) {
  std::string out(kScheme);
  append_escaped(out, parts.issuer, kInPath);
  out.push_back(':');
  append_escaped(out, parts.account_name, kInPath);
  out.append("?algorithm=").append(parts.algorithm.value_or(""));
  out.append("&digits=").append(parts.digits.value_or("")).append("&issuer=");
  append_escaped(out, parts.issuer, kUnreserved);
  out.append("&period=").append(parts.period.value_or("")).append("&secret=").append(parts.secret);
  return out;
}

}  // namespace coffer::engines::totp
