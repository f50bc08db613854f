#include "show_request.h"

#include <algorithm>
#include <array>

namespace coffer::cli {
namespace {

/// In single quotes the shell reads nothing but the quote itself.
std::string shell_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

bool asks(const HttpRequest& request, std::string_view what) {
  return std::any_of(request.query.begin(), request.query.end(),
                     [what](const auto& field) { return field.first == what; });
}

std::string_view capabilities(const HttpRequest& request) {
  if (request.method == "GET" && asks(request, "scan")) return R"("scan")";
  if (request.method == "GET" && asks(request, "list")) return R"("list")";
  if (request.method == "GET") return R"("read")";
  if (request.method == "DELETE") return R"("delete")";
  if (request.method == "PATCH") return R"("patch")";
  return R"("create", "update")";
}

/// Vault's root-protected paths, as far as there are commands for them. A slash at the end: all
/// below too.
bool needs_sudo(std::string_view path) {
  constexpr std::array<std::string_view, 8> kPaths{"sys/seal",
                                                   "sys/remount",
                                                   "sys/audit",
                                                   "sys/auth/",
                                                   "sys/leases/revoke-prefix/",
                                                   "auth/token/revoke-orphan",
                                                   "sys/raw/",
                                                   "auth/token/accessors"};
  return std::any_of(kPaths.begin(), kPaths.end(), [path](std::string_view known) {
    return known.ends_with('/') ? path.starts_with(known) : path == known;
  });
}

/// In a policy's double quotes.
std::string hcl_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string tls_options(const Tls& tls) {
  std::string text;
  if (!tls.ca_cert.empty()) text += " --cacert " + shell_quoted(tls.ca_cert);
  if (!tls.ca_path.empty()) text += " --capath " + shell_quoted(tls.ca_path);
  if (!tls.client_cert.empty()) text += " --cert " + shell_quoted(tls.client_cert);
  if (!tls.client_key.empty()) text += " --key " + shell_quoted(tls.client_key);
  if (tls.skip_verify) text += " --insecure";
  return text;
}

}  // namespace

std::string curl_command(const Settings& settings, bool with_token, const HttpRequest& request,
                         bool hide_data) {
  std::string line = "curl";
  if (!settings.address.socket_path.empty()) {
    line += " --unix-socket " + shell_quoted(settings.address.socket_path);
  } else {
    line += tls_options(settings.tls);
  }
  if (request.method != "GET") line += " -X " + request.method;
  if (with_token) line += " -H \"X-Vault-Token: $(coffer print token)\"";
  for (const std::string& header : request_headers(settings, request)) {
    line += " -H " + shell_quoted(header);
  }
  // --data-binary: -d would take line breaks out of a file.
  if (request.body && hide_data) line += " --data-binary @-";
  if (request.body && !hide_data) line += " -d " + shell_quoted(*request.body);
  return line + " " + shell_quoted(request_url(settings.address, request));
}

std::string needed_policy(const HttpRequest& request) {
  std::string path = request.path;
  // A list is decided with a slash at the end.
  const bool folder = asks(request, "list") || asks(request, "scan");
  if (folder && !path.empty() && path.back() != '/') path += '/';
  return "path \"" + hcl_escaped(path) + "\" {\n  capabilities = [" +
         std::string(capabilities(request)) + (needs_sudo(request.path) ? ", \"sudo\"" : "") +
         "]\n}";
}

}  // namespace coffer::cli
